package io.ottla.broker;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LogbackServiceProvider;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.CoreConstants;
import ch.qos.logback.core.LayoutBase;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;

/**
 * The logging of the runnable jar, where SLF4J finds it: lines on the standard output. In code rather than in XML, and without Logback's
 * search for who configures it, since that is a good part of the start; with {@code -Dlogback.configurationFile=} a file of the
 * user's takes its place.
 */
public final class LogbackLines extends LogbackServiceProvider {

    @Override
    public void initialize() {
        if (System.getProperty("logback.configurationFile") != null) {
            super.initialize();
            return;
        }
        LoggerContext context = (LoggerContext) getLoggerFactory();
        context.setName(CoreConstants.DEFAULT_CONTEXT_NAME);
        context.setMDCAdapter(getMDCAdapter());
        configure(context);
        context.start();
    }

    private static void configure(LoggerContext loggerContext) {
        LineLayout layout = new LineLayout();
        layout.setContext(loggerContext);
        layout.start();
        LayoutWrappingEncoder<ILoggingEvent> encoder = new LayoutWrappingEncoder<>();
        encoder.setContext(loggerContext);
        encoder.setLayout(layout);
        ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
        appender.setContext(loggerContext);
        appender.setEncoder(encoder);
        appender.start();
        Logger root = loggerContext.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.setLevel(Level.INFO);
        root.addAppender(appender);
        loggerContext.getLogger("io.netty").setLevel(Level.WARN);
    }

    /** {@code 2026-01-31 12:34:56,789 INFO  The message (logger)}. */
    private static final class LineLayout extends LayoutBase<ILoggingEvent> {

        /** Read with the first line, which is usually after the first client can be served. */
        private static final class Zone {
            static final ZoneId ID = ZoneId.systemDefault();
        }

        @Override
        public String doLayout(ILoggingEvent event) {
            StringBuilder line = new StringBuilder(128);
            LocalDateTime time = LocalDateTime.ofInstant(Instant.ofEpochMilli(event.getTimeStamp()), Zone.ID);
            append(line, time.getYear(), 4).append('-');
            append(line, time.getMonthValue(), 2).append('-');
            append(line, time.getDayOfMonth(), 2).append(' ');
            append(line, time.getHour(), 2).append(':');
            append(line, time.getMinute(), 2).append(':');
            append(line, time.getSecond(), 2).append(',');
            append(line, time.getNano() / 1_000_000, 3).append(' ');
            String level = event.getLevel().toString();
            line.append(level).append(level.length() < 5 ? "  " : " ").append(event.getFormattedMessage());
            String logger = event.getLoggerName();
            line.append(" (")
                    .append(logger, logger.lastIndexOf('.') + 1, logger.length())
                    .append(')');
            line.append(CoreConstants.LINE_SEPARATOR);
            if (event.getThrowableProxy() != null) {
                line.append(ThrowableProxyUtil.asString(event.getThrowableProxy()))
                        .append(CoreConstants.LINE_SEPARATOR);
            }
            return line.toString();
        }

        private static StringBuilder append(StringBuilder line, int number, int digits) {
            String text = Integer.toString(number);
            return line.append("0".repeat(Math.max(0, digits - text.length()))).append(text);
        }
    }
}
