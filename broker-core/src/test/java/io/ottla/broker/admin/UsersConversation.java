package io.ottla.broker.admin;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.apache.kafka.common.message.AlterUserScramCredentialsRequestData;
import org.apache.kafka.common.message.AlterUserScramCredentialsRequestData.ScramCredentialDeletion;
import org.apache.kafka.common.message.AlterUserScramCredentialsRequestData.ScramCredentialUpsertion;
import org.apache.kafka.common.message.DescribeUserScramCredentialsRequestData;
import org.apache.kafka.common.message.DescribeUserScramCredentialsRequestData.UserName;

/** The part of the conversation about SCRAM credentials (KIP-554). */
final class UsersConversation {

    private static final int SHA_256 = 1;
    private static final int SHA_512 = 2;
    private static final int LEAST = 4096;
    private static final int MOST = 16_384;

    private final OperationsConversation conversation;

    UsersConversation(OperationsConversation conversation) {
        this.conversation = conversation;
    }

    private static DescribeUserScramCredentialsRequestData users(String... names) {
        return new DescribeUserScramCredentialsRequestData()
                .setUsers(Arrays.stream(names)
                        .map(name -> new UserName().setName(name))
                        .toList());
    }

    private static ScramCredentialUpsertion upsert(String name, int mechanism, int iterations) {
        return new ScramCredentialUpsertion()
                .setName(name)
                .setMechanism((byte) mechanism)
                .setIterations(iterations)
                .setSalt("salt of twenty bytes".getBytes(StandardCharsets.UTF_8))
                .setSaltedPassword(new byte[mechanism == SHA_512 ? 64 : 32]);
    }

    private static ScramCredentialDeletion delete(String name, int mechanism) {
        return new ScramCredentialDeletion().setName(name).setMechanism((byte) mechanism);
    }

    private static AlterUserScramCredentialsRequestData change(Object... changes) {
        AlterUserScramCredentialsRequestData request = new AlterUserScramCredentialsRequestData();
        for (Object change : changes) {
            if (change instanceof ScramCredentialDeletion deletion) {
                request.deletions().add(deletion);
            } else {
                request.upsertions().add((ScramCredentialUpsertion) change);
            }
        }
        return request;
    }

    private void describe(String label, DescribeUserScramCredentialsRequestData request) throws IOException {
        conversation.ask("users " + label, request, 0);
    }

    private void alter(String label, Object... changes) throws IOException {
        conversation.ask("users " + label, change(changes), 0);
    }

    void hold() throws IOException {
        describe("before", users().setUsers(null));
        describe("none before", users());
        describe("unknown", users("nobody"));
        describe("empty name", users(""));
        describe("unknown twice", users("nobody", "nobody"));
        alter("nothing");
        alter("insert", upsert("alice", SHA_256, LEAST));
        alter("insert other mechanism", upsert("alice", SHA_512, MOST));
        alter("insert another", upsert("bob", SHA_512, 8192));
        for (int iterations : new int[] {0, -1, 1, LEAST - 1, MOST + 1}) {
            alter("insert with iterations " + iterations, upsert("carl", SHA_256, iterations));
        }
        alter("insert with few iterations for SHA-512", upsert("carl", SHA_512, LEAST - 1));
        alter("insert with many iterations for SHA-512", upsert("carl", SHA_512, MOST + 1));
        for (int mechanism : new int[] {0, 3, -1}) {
            alter("insert with mechanism " + mechanism, upsert("carl", mechanism, LEAST));
            alter("delete with mechanism " + mechanism, delete("alice", mechanism));
        }
        alter("insert without a name", upsert("", SHA_256, LEAST));
        alter("delete without a name", delete("", SHA_256));
        alter("insert without salt", upsert("dora", SHA_256, LEAST).setSalt(new byte[0]));
        alter("insert without password", upsert("emil", SHA_256, LEAST).setSaltedPassword(new byte[0]));
        alter("insert with a short password", upsert("fred", SHA_512, LEAST).setSaltedPassword(new byte[32]));
        alter("insert twice", upsert("gina", SHA_256, LEAST), upsert("gina", SHA_256, MOST));
        alter("insert two mechanisms", upsert("hugo", SHA_256, LEAST), upsert("hugo", SHA_512, LEAST));
        alter("insert and delete", upsert("alice", SHA_256, MOST), delete("alice", SHA_256));
        alter("insert one, delete the other", upsert("alice", SHA_256, MOST), delete("alice", SHA_512));
        alter("insert good and bad", upsert("ida", SHA_256, LEAST), upsert("ida", SHA_512, 1));
        alter("insert bad and worse", upsert("ida", SHA_256, 1), upsert("ida", 9, 1), upsert("", 9, 1));
        alter("insert several", upsert("jane", SHA_256, LEAST), upsert("kurt", SHA_512, 1), delete("lars", SHA_256));
        alter("delete unknown", delete("nobody", SHA_256));
        alter("delete unknown mechanism", delete("bob", SHA_256));
        alter("delete twice", delete("bob", SHA_512), delete("bob", SHA_512));
        alter("delete unknown twice", delete("nobody", SHA_512), delete("nobody", SHA_512));
        alter("strange name", upsert("a b,c=\"ö\"", SHA_256, LEAST));
        conversation.settle();
        describe("after", users().setUsers(null));
        describe("none after", users());
        describe("one", users("alice"));
        describe("some", users("alice", "bob", "nobody"));
        describe("twice", users("alice", "alice", "bob"));
        describe("half", users("ida", "jane", "kurt"));
        alter("update", upsert("bob", SHA_512, 5000));
        alter("delete", delete("alice", SHA_512), delete("kurt", SHA_512));
        alter("delete all of one", delete("alice", SHA_256));
        conversation.settle();
        describe("after deletion", users().setUsers(null));
        describe("deleted", users("alice"));
        conversation.ask("users after deletion by filter", users("bob", "").setUsers(List.of()), 0);
    }
}
