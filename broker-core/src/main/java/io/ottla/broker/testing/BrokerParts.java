package io.ottla.broker.testing;

import io.ottla.broker.coordinator.group.GroupCoordinator;
import io.ottla.broker.coordinator.transaction.TransactionCoordinator;
import io.ottla.broker.metadata.MetadataStore;
import io.ottla.broker.partition.PartitionRegistry;
import io.ottla.storage.Clock;
import io.ottla.storage.LogDirectory;
import java.util.List;

/**
 * The parts of a running broker that tests look into. Not for users: its components change with the broker.
 *
 * @param clock the broker's time
 * @param workers its threads
 * @param directories its data directories
 * @param metadata topics and their like
 * @param partitions the logs
 * @param groups the group coordinator
 * @param transactions the transaction coordinator
 */
public record BrokerParts(
        Clock clock,
        Workers workers,
        List<LogDirectory> directories,
        MetadataStore metadata,
        PartitionRegistry partitions,
        GroupCoordinator groups,
        TransactionCoordinator transactions) {}
