package io.ottla.protocol.generator;

/** Collects lines of Java, indented by the braces in them. */
final class SourceWriter {
    private final StringBuilder text = new StringBuilder();
    private int depth;

    /** Adds a line. One that begins with a closing brace goes one step out, one that ends with an opening one leads in. */
    @SuppressWarnings("AnnotateFormatMethod") // its annotation would be one more dependency
    SourceWriter line(String format, Object... args) {
        String line = args.length == 0 ? format : format.formatted(args);
        if (line.isEmpty()) {
            text.append('\n');
            return this;
        }
        if (line.startsWith("}")) {
            depth--;
        }
        text.append("    ".repeat(depth)).append(line).append('\n');
        if (line.endsWith("{")) {
            depth++;
        }
        return this;
    }

    /** Adds a documentation comment, broken into lines. */
    SourceWriter doc(String about) {
        String safe = about.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("@", "&#64;")
                .replace("*/", "*&#47;")
                .replace("\\", "&#92;");
        StringBuilder row = new StringBuilder();
        line("/**");
        for (String word : safe.trim().split("\\s+", -1)) {
            if (row.length() + word.length() > 100) {
                line(" * " + row.toString().trim());
                row.setLength(0);
            }
            row.append(word).append(' ');
        }
        line(" * " + row.toString().trim());
        return line(" */");
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
