package io.ottla.examples.benchmark;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A plot of how many times better one side is: a bar for each row on a logarithmic scale, to the right of the line at 1 where it is better. As
 * SVG that any browser shows, in the colours that the reader prefers.
 */
final class RatioPlot {

    private static final int LABEL_WIDTH = 470;
    private static final int PLOT_WIDTH = 430;
    private static final int FIGURES_WIDTH = 250;
    private static final int ROW_HEIGHT = 26;
    private static final int HEAD_HEIGHT = 64;
    private static final int FOOT_HEIGHT = 30;
    private static final int BAR_HEIGHT = 16;

    private static final String STYLE = """
            svg { background: #ffffff; font: 13px system-ui, sans-serif; }
            text { fill: #24292f; } .quiet { fill: #57606a; } .grid { stroke: #d0d7de; } .one { stroke: #57606a; }
            .better { fill: #1a7f64; } .worse { fill: #bc4c00; }
            @media (prefers-color-scheme: dark) {
              svg { background: #0d1117; } text { fill: #e6edf3; } .quiet { fill: #9198a1; } .grid { stroke: #30363d; }
              .one { stroke: #9198a1; } .better { fill: #3fb68b; } .worse { fill: #f0883e; }
            }
            """;

    /**
     * A bar.
     *
     * @param label what was measured
     * @param figures what it was, in words
     * @param ratio how many times better
     */
    record Bar(String label, String figures, double ratio) {}

    private final String title;
    private final List<Bar> bars = new ArrayList<>();

    RatioPlot(String title) {
        this.title = title;
    }

    void add(Bar bar) {
        bars.add(bar);
    }

    String svg() {
        int least = (int) Math.floor(
                bars.stream().mapToDouble(bar -> Math.log10(bar.ratio())).min().orElse(0));
        int most = (int) Math.ceil(
                bars.stream().mapToDouble(bar -> Math.log10(bar.ratio())).max().orElse(1));
        int from = Math.min(0, least);
        int to = Math.max(1, most);
        int width = LABEL_WIDTH + PLOT_WIDTH + FIGURES_WIDTH;
        int height = HEAD_HEIGHT + bars.size() * ROW_HEIGHT + FOOT_HEIGHT;
        StringBuilder svg = new StringBuilder();
        line(
                svg,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\">",
                width,
                height,
                width,
                height);
        line(svg, "<title>%s</title><style>%s</style>", escape(title), STYLE);
        line(svg, "<text x=\"12\" y=\"24\" font-size=\"16\" font-weight=\"600\">%s</text>", escape(title));
        for (int power = from; power <= to; power++) {
            int x = x(power, from, to);
            String kind = power == 0 ? "one" : "grid";
            line(
                    svg,
                    "<line class=\"%s\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>",
                    kind,
                    x,
                    HEAD_HEIGHT - 8,
                    x,
                    height - FOOT_HEIGHT);
            String name = power < 0 ? "1/" + (long) Math.pow(10, -power) : Long.toString((long) Math.pow(10, power));
            line(
                    svg,
                    "<text class=\"quiet\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s x</text>",
                    x,
                    HEAD_HEIGHT - 14,
                    name);
        }
        for (int i = 0; i < bars.size(); i++) {
            draw(
                    svg,
                    bars.get(i),
                    HEAD_HEIGHT + i * ROW_HEIGHT,
                    x(0, from, to),
                    x(Math.log10(bars.get(i).ratio()), from, to));
        }
        line(
                svg,
                "<text class=\"quiet\" x=\"12\" y=\"%d\">Logarithmic scale. At the right: Apache Kafka, then Ottla.</text></svg>",
                height - 10);
        return svg.toString();
    }

    private static int x(double power, int from, int to) {
        return LABEL_WIDTH + (int) Math.round((power - from) / (to - from) * PLOT_WIDTH);
    }

    private static void draw(StringBuilder svg, Bar bar, int top, int one, int end) {
        int textY = top + BAR_HEIGHT - 3;
        line(
                svg,
                "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>",
                LABEL_WIDTH - 12,
                textY,
                escape(bar.label()));
        line(
                svg,
                "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"2\"/>",
                end >= one ? "better" : "worse",
                Math.min(one, end),
                top,
                Math.max(2, Math.abs(end - one)),
                BAR_HEIGHT);
        line(
                svg,
                "<text class=\"quiet\" x=\"%d\" y=\"%d\">%s</text>",
                LABEL_WIDTH + PLOT_WIDTH + 14,
                textY,
                escape(bar.figures()));
    }

    private static void line(StringBuilder svg, String format, Object... values) {
        svg.append(String.format(Locale.ROOT, format, values)).append('\n');
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace("`", "");
    }
}
