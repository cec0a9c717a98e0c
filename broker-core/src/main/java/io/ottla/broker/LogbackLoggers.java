package io.ottla.broker;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import io.ottla.broker.config.Loggers;
import java.util.Map;
import java.util.TreeMap;
import org.slf4j.LoggerFactory;

/** The loggers of the runnable jar. */
final class LogbackLoggers implements Loggers {

    private static final String CONTEXT_CLASS = "ch.qos.logback.classic.LoggerContext";

    private final LoggerContext context;

    private LogbackLoggers(LoggerContext context) {
        this.context = context;
    }

    /** The loggers of this process; none where something else than Logback is bound, or nothing. */
    static Loggers ofProcess() {
        // By name: Logback need not be there.
        boolean bound = LoggerFactory.getILoggerFactory().getClass().getName().equals(CONTEXT_CLASS);
        return bound ? bound() : Loggers.none();
    }

    private static Loggers bound() {
        return new LogbackLoggers((LoggerContext) LoggerFactory.getILoggerFactory());
    }

    @Override
    public Map<String, String> levels() {
        Map<String, String> levels = new TreeMap<>();
        for (Logger logger : context.getLoggerList()) {
            String name = logger.getName().equals(Logger.ROOT_LOGGER_NAME) ? ROOT : logger.getName();
            levels.put(name, logger.getEffectiveLevel().toString());
        }
        return levels;
    }

    @Override
    public void level(String logger, String level) {
        Logger known = context.getLogger(logger.equals(ROOT) ? Logger.ROOT_LOGGER_NAME : logger);
        if (level == null) {
            known.setLevel(null);
        } else {
            // Logback has nothing above ERROR.
            known.setLevel(level.equals("FATAL") ? Level.ERROR : Level.valueOf(level));
        }
    }
}
