package io.ottla.broker.control;

/** A request that is answered with an error. */
final class ControlException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final int status;

    private ControlException(int status, String message) {
        super(message);
        this.status = status;
    }

    static ControlException badRequest(String message) {
        return new ControlException(400, message);
    }

    static ControlException forbidden(String message) {
        return new ControlException(403, message);
    }

    static ControlException notFound(String message) {
        return new ControlException(404, message);
    }

    static ControlException tooLarge(String message) {
        return new ControlException(413, message);
    }

    /** Of HTTP. */
    int status() {
        return status;
    }
}
