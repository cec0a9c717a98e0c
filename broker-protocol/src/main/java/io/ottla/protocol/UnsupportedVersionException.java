package io.ottla.protocol;

/** A message cannot be read or written in the version asked for. */
public class UnsupportedVersionException extends ApiException {
    private static final long serialVersionUID = 1L;

    public UnsupportedVersionException(String message) {
        super(ErrorCode.UNSUPPORTED_VERSION, message);
    }

    /** The message has no such version. For generated code. */
    public static UnsupportedVersionException ofMessage(String message, int version) {
        return new UnsupportedVersionException(message + " has no version " + version);
    }

    /** The field has a value that must not be dropped, and the version cannot carry it. For generated code. */
    public static UnsupportedVersionException ofField(String field, int version) {
        return new UnsupportedVersionException("Version " + version + " cannot carry the value of " + field);
    }

    /** The field is null, which this version cannot express. For generated code. */
    public static UnsupportedVersionException ofNull(String field, int version) {
        return new UnsupportedVersionException("Version " + version + " cannot carry null in " + field);
    }
}
