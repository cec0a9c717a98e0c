package io.ottla.broker;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import io.ottla.broker.handler.RequestHandler;
import io.ottla.protocol.ApiKey;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZonedDateTime;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** The rules of the house that a compiler does not hold. */
class ArchitectureTest {

    private static final String SYSTEM_CLOCK = "io.ottla.storage.SystemClock";

    /** The packages of the broker: each may use those behind it. */
    private static final List<String> ARROW = List.of(
            "io.ottla.broker.junit..",
            "io.ottla.broker",
            "io.ottla.broker.control..",
            "io.ottla.broker.testing..",
            "io.ottla.broker.network..",
            "io.ottla.broker.handler..",
            "io.ottla.broker.coordinator..",
            "io.ottla.broker.partition..",
            "io.ottla.broker.quota..",
            "io.ottla.broker.metadata..",
            "io.ottla.broker.config..",
            "io.ottla.broker.time..");

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("io.ottla");

    @Test
    void shouldPointFromTheBrokerToStorageToTheProtocol() {
        noClasses()
                .that()
                .resideInAPackage("io.ottla.protocol..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.ottla.storage..", "io.ottla.broker..")
                .check(CLASSES);
        noClasses()
                .that()
                .resideInAPackage("io.ottla.storage..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.ottla.broker..")
                .check(CLASSES);
    }

    @Test
    void shouldKeepFilesAndTimeOutOfTheProtocol() {
        noClasses()
                .that()
                .resideInAPackage("io.ottla.protocol..")
                .and()
                .resideOutsideOfPackage("io.ottla.protocol.generator..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("java.nio.file..", "java.nio.channels..", "java.time..")
                .check(CLASSES);
    }

    @Test
    void shouldPointOneWayInsideTheBroker() {
        for (int i = 1; i < ARROW.size(); i++) {
            noClasses()
                    .that()
                    .resideInAPackage(ARROW.get(i))
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(ARROW.subList(0, i).toArray(new String[0]))
                    .allowEmptyShould(true)
                    .check(CLASSES);
        }
    }

    @Test
    void shouldKnowNettyInTheNetworkPackageOnly() {
        noClasses()
                .that()
                .resideOutsideOfPackage("io.ottla.broker.network..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.netty..")
                .check(CLASSES);
    }

    @Test
    void shouldKnowTheLoggingLibraryInTheRunnableJarOnly() {
        noClasses()
                .that()
                .doNotHaveFullyQualifiedName(LogbackLines.class.getName())
                .and(DescribedPredicate.not(nestedIn(LogbackLines.class)))
                .and()
                .doNotHaveFullyQualifiedName(LogbackLoggers.class.getName())
                .should()
                .dependOnClassesThat()
                .resideInAPackage("ch.qos.logback..")
                .check(CLASSES);
    }

    @Test
    void shouldKnowJUnitInItsPackageOnly() {
        noClasses()
                .that()
                .resideOutsideOfPackage("io.ottla.broker.junit..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.junit..", "org.opentest4j..")
                .check(CLASSES);
    }

    @Test
    void shouldKnowTheHttpServerInItsPackageOnly() {
        noClasses()
                .that()
                .resideOutsideOfPackage("io.ottla.broker.control..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("com.sun.net.httpserver..")
                .check(CLASSES);
    }

    @Test
    void shouldUseNoClassOfApacheKafka() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.apache.kafka..")
                .check(CLASSES);
    }

    @Test
    void shouldTakeTheTimeFromTheClock() {
        noClasses()
                .that()
                .doNotHaveFullyQualifiedName(SYSTEM_CLOCK)
                .should()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(Thread.class, "sleep", long.class)
                .orShould()
                .callMethod(Thread.class, "sleep", long.class, int.class)
                .orShould()
                .callMethod(TimeUnit.class, "sleep", long.class)
                .orShould()
                .callMethod(LockSupport.class, "parkNanos", long.class)
                .orShould()
                .callMethod(Instant.class, "now")
                .orShould()
                .callMethod(LocalDateTime.class, "now")
                .orShould()
                .callMethod(ZonedDateTime.class, "now")
                .orShould()
                .callConstructor(Date.class)
                .check(CLASSES);
    }

    @Test
    void shouldNotLetHandlersKnowEachOther() {
        DescribedPredicate<JavaClass> handlers = assignableTo(RequestHandler.class)
                .and(resideInAPackage("io.ottla.broker.handler.."))
                .and(DescribedPredicate.describe(
                        "are not a base", type -> !type.getModifiers().contains(JavaModifier.ABSTRACT)));
        classes()
                .that(handlers)
                .should(new ArchCondition<>("not depend on another handler") {
                    @Override
                    public void check(JavaClass handler, ConditionEvents events) {
                        for (Dependency dependency : handler.getDirectDependenciesFromSelf()) {
                            JavaClass target = dependency.getTargetClass();
                            if (handlers.test(target) && !target.equals(handler)) {
                                events.add(SimpleConditionEvent.violated(dependency, dependency.getDescription()));
                            }
                        }
                    }
                })
                .check(CLASSES);
    }

    @Test
    void shouldNameHandlersAfterTheirApi() {
        classes()
                .that()
                .areAssignableTo(RequestHandler.class)
                .and()
                .doNotHaveModifier(JavaModifier.ABSTRACT)
                .should()
                .resideInAPackage("io.ottla.broker.handler")
                .andShould(new ArchCondition<>("be named after the API and be public and final") {
                    @Override
                    public void check(JavaClass handler, ConditionEvents events) {
                        boolean known = Arrays.stream(ApiKey.values())
                                .anyMatch(key -> handler.getSimpleName().equals(key.schemaName() + "Handler"));
                        boolean open = handler.getModifiers().contains(JavaModifier.PUBLIC)
                                && handler.getModifiers().contains(JavaModifier.FINAL);
                        if (!known || !open) {
                            events.add(SimpleConditionEvent.violated(handler, handler.getFullName()));
                        }
                    }
                })
                .check(CLASSES);
    }

    private static DescribedPredicate<JavaClass> nestedIn(Class<?> type) {
        return DescribedPredicate.describe(
                "nested in " + type.getSimpleName(),
                candidate -> candidate.getName().startsWith(type.getName() + "$"));
    }
}
