package io.ottla.broker.quota;

/**
 * Who shares one measurement, or what a limit is set for.
 *
 * @param user the name of a user, {@link #DEFAULT}, or null where users do not matter
 * @param clientId a client id, {@link #DEFAULT}, or null where client ids do not matter
 */
record QuotaKey(String user, String clientId) {

    /** All who have no limit of their own. No user and no client id with a quota is called so. */
    static final String DEFAULT = "";
}
