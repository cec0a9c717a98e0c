package io.ottla.broker;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.CoreConstants;
import ch.qos.logback.core.LayoutBase;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import ch.qos.logback.core.spi.ContextAwareBase;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;

/**
 * The logging of the runnable jar: lines on the standard output. In code rather than in XML, since parsing XML takes a good part of
 * the start; with {@code -Dlogback.configurationFile=} a file of the user's takes its place. Registered in the runnable jar only.
 */
public final class LogbackConfigurator extends ContextAwareBase implements Configurator {

    @Override
    public ExecutionStatus configure(LoggerContext loggerContext) {
        if (System.getProperty("logback.configurationFile") != null) {
            return ExecutionStatus.INVOKE_NEXT_IF_ANY;
        }
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
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }

    /** {@code 2026-01-31 12:34:56,789 INFO  The message (logger)}. */
    private static final class LineLayout extends LayoutBase<ILoggingEvent> {

        private final ZoneId zone = ZoneId.systemDefault();

        @Override
        public String doLayout(ILoggingEvent event) {
            StringBuilder line = new StringBuilder(128);
            LocalDateTime time = LocalDateTime.ofInstant(Instant.ofEpochMilli(event.getTimeStamp()), zone);
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
