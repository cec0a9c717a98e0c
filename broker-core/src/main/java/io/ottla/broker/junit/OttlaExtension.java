package io.ottla.broker.junit;

import io.ottla.broker.EmbeddedBroker;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ExtensionContext.Store;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.platform.commons.support.AnnotationSupport;
import org.junit.platform.commons.support.HierarchyTraversalMode;
import org.junit.platform.commons.support.ReflectionSupport;
import org.opentest4j.TestAbortedException;

/**
 * What {@link OttlaTest} does. Brokers and clients are closed in the callbacks and not by JUnit's store, since the order matters: what happened
 * is printed before clients are closed, and clients are closed before their broker.
 */
final class OttlaExtension
        implements BeforeAllCallback, AfterAllCallback, BeforeEachCallback, AfterEachCallback, ParameterResolver {

    private static final Namespace NAMESPACE = Namespace.create(OttlaExtension.class);

    private static Store store(ExtensionContext context) {
        return context.getStore(NAMESPACE);
    }

    /** What the nearest class with an annotation has: this one, or one around it. */
    private static Optional<ClassBroker> classBroker(ExtensionContext context) {
        return Optional.ofNullable(store(context).get(ClassBroker.class, ClassBroker.class));
    }

    private static Optional<Scope> test(ExtensionContext context) {
        return Optional.ofNullable(store(context).get(Scope.class, Scope.class));
    }

    private static Settings settings(ExtensionContext context) {
        return classBroker(context).map(ClassBroker::settings).orElse(Settings.NONE);
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        Class<?> testClass = context.getRequiredTestClass();
        AnnotationSupport.findAnnotation(testClass, OttlaTest.class).ifPresent(annotation -> {
            Settings settings = settings(context).with(annotation);
            store(context).put(ClassBroker.class, new ClassBroker(context.getUniqueId(), settings));
        });
        classBroker(context)
                .ifPresent(broker ->
                        fill(testClass, null, field -> Modifier.isStatic(field.getModifiers()), broker::makeForClass));
    }

    @Override
    public void afterAll(ExtensionContext context) {
        Optional<ClassBroker> own = classBroker(context).filter(broker -> broker.isOf(context.getUniqueId()));
        if (own.isPresent()) {
            Scope scope = own.get().started();
            if (scope != null) {
                boolean shared = own.get().settings().sharing() == Sharing.SHARED;
                end(context, scope, shared);
            }
        }
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        Optional<OttlaTest> ofMethod =
                AnnotationSupport.findAnnotation(context.getRequiredTestMethod(), OttlaTest.class);
        boolean concurrent = context.getExecutionMode() == ExecutionMode.CONCURRENT;
        Scope scope;
        if (ofMethod.isPresent()) {
            scope = new Scope(settings(context).with(ofMethod.get()).start(), true);
        } else {
            scope = classBroker(context)
                    .orElseThrow(
                            () -> new ExtensionConfigurationException("OttlaExtension is used by @OttlaTest alone"))
                    .scopeOfTest(concurrent);
        }
        store(context).put(Scope.class, scope);
        BrokerWatch.begin(scope.broker(), isShared(context, scope));
        for (Object instance : context.getRequiredTestInstances().getAllInstances()) {
            fill(instance.getClass(), instance, field -> !Modifier.isStatic(field.getModifiers()), scope::make);
        }
    }

    private static boolean isShared(ExtensionContext context, Scope scope) {
        return !scope.ownsBroker() && settings(context).sharing() == Sharing.SHARED;
    }

    @Override
    public void afterEach(ExtensionContext context) {
        Scope scope = store(context).remove(Scope.class, Scope.class);
        if (scope != null) {
            end(context, scope, !isShared(context, scope));
        }
    }

    /** Fails a test that has not failed for faults that never fired; says what happened if it has failed; closes what was made for it. */
    private static void end(ExtensionContext context, Scope scope, boolean allMustHaveFired) {
        EmbeddedBroker broker = scope.broker();
        AssertionError neverFired = null;
        try {
            boolean failed = context.getExecutionException()
                    .filter(cause -> !(cause instanceof TestAbortedException))
                    .isPresent();
            if (!failed && allMustHaveFired) {
                neverFired = BrokerWatch.neverFired(broker);
            }
            if (failed || neverFired != null) {
                BrokerWatch.print(broker, name(context));
            }
            if (allMustHaveFired) {
                BrokerWatch.end(broker);
            }
        } finally {
            scope.close();
        }
        if (neverFired != null) {
            throw neverFired;
        }
    }

    private static String name(ExtensionContext context) {
        String className = context.getRequiredTestClass().getSimpleName();
        return context.getTestMethod()
                .map(method -> className + "." + method.getName() + " (" + context.getDisplayName() + ")")
                .orElse(className);
    }

    private static void fill(Class<?> type, Object instance, Predicate<Field> which, Function<Injected, Object> maker) {
        for (Field field : ReflectionSupport.findFields(type, which, HierarchyTraversalMode.TOP_DOWN)) {
            Injected injected = Injected.of(field);
            if (injected.isWantedBy(field)) {
                Object value = maker.apply(injected);
                try {
                    field.setAccessible(true);
                    field.set(instance, value);
                } catch (ReflectiveOperationException | RuntimeException e) {
                    throw new ExtensionConfigurationException("Nothing can be put into " + injected.where(), e);
                }
            }
        }
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return Injected.of(parameter).isSupported();
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        Injected injected = Injected.of(parameter);
        Optional<Scope> test = test(context);
        if (test.isPresent()) {
            return test.get().make(injected);
        }
        return classBroker(context)
                .orElseThrow(() -> new ExtensionConfigurationException(
                        "There is no broker yet for " + injected.where() + ": the test has one of its own"))
                .makeForClass(injected);
    }
}
