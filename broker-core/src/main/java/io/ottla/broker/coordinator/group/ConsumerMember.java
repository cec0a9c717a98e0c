package io.ottla.broker.coordinator.group;

/**
 * A member of a consumer group.
 *
 * @param memberId its id
 * @param subscription what it has said of itself
 * @param assignment what it has
 */
record ConsumerMember(String memberId, MemberSubscription subscription, MemberAssignment assignment) {

    int epoch() {
        return assignment.epoch();
    }

    /** Whether the member speaks the classic protocol. */
    boolean isClassic() {
        return subscription.classic() != null;
    }

    ConsumerMember with(MemberSubscription other) {
        return new ConsumerMember(memberId, other, assignment);
    }

    ConsumerMember with(MemberAssignment other) {
        return new ConsumerMember(memberId, subscription, other);
    }
}
