package io.ottla.protocol.record;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.zip.GZIPOutputStream;
import net.jpountz.lz4.LZ4FrameOutputStream;
import net.jpountz.lz4.LZ4FrameOutputStream.BLOCKSIZE;
import net.jpountz.lz4.LZ4FrameOutputStream.FLG.Bits;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.xerial.snappy.Snappy;
import org.xerial.snappy.SnappyOutputStream;

/** The dialects that clients other than Kafka's own write, and when codecs are loaded. */
class CompressionTest {
    private static final byte[] PLAIN = plain(300_000);

    @ParameterizedTest
    @EnumSource(CompressionType.class)
    void shouldReadBackWhatItWrites(CompressionType type) throws IOException {
        for (int size : new int[] {0, 1, 63, 32 * 1024, 64 * 1024, 64 * 1024 + 1, PLAIN.length}) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            Compression.of(type).compress(PLAIN, 0, size, out);
            assertReads(type, Arrays.copyOf(PLAIN, size), out.toByteArray());
        }
    }

    @Test
    void shouldReadARawSnappyBlock() throws IOException {
        assertReads(CompressionType.SNAPPY, PLAIN, Snappy.compress(PLAIN));
        byte[] tiny = {1, 2, 3};
        assertReads(CompressionType.SNAPPY, tiny, Snappy.compress(tiny));
        byte[] zeros = new byte[1 << 20];
        assertReads(CompressionType.SNAPPY, zeros, Snappy.compress(zeros));
    }

    @Test
    void shouldReadConcatenatedSnappyStreams() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int part = 0; part < 2; part++) {
            try (SnappyOutputStream snappy = new SnappyOutputStream(out, 4096)) {
                snappy.write(PLAIN, part * 100_000, 100_000);
            }
        }
        assertReads(CompressionType.SNAPPY, Arrays.copyOf(PLAIN, 200_000), out.toByteArray());
    }

    @Test
    void shouldRefuseDamagedSnappy() throws IOException {
        // A raw block whose length claims 2^35 - 1 bytes, one that claims 1 GB, an endless length.
        assertRefuses(CompressionType.SNAPPY, new byte[] {-1, -1, -1, -1, 0x7f, 0});
        assertRefuses(CompressionType.SNAPPY, new byte[] {-1, -1, -1, -1, 3, 0, 0});
        assertRefuses(CompressionType.SNAPPY, new byte[] {-1, -1, -1, -1, -1, -1, -1});
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Compression.of(CompressionType.SNAPPY).compress(PLAIN, 0, 100, out);
        byte[] stream = out.toByteArray();
        assertRefuses(CompressionType.SNAPPY, with(stream, 16, (byte) 0x7f));
        assertRefuses(CompressionType.SNAPPY, with(stream, 16, (byte) 0x80));
        assertRefuses(CompressionType.SNAPPY, with(stream, 15, (byte) 2));
        assertRefuses(CompressionType.SNAPPY, Arrays.copyOf(stream, 12));
        assertRefuses(CompressionType.SNAPPY, Arrays.copyOf(stream, 18));
    }

    @Test
    void shouldReadEveryKindOfLz4Frame() throws IOException {
        for (BLOCKSIZE blockSize : BLOCKSIZE.values()) {
            assertReads(CompressionType.LZ4, PLAIN, lz4(blockSize, -1L, Bits.BLOCK_INDEPENDENCE));
            assertReads(
                    CompressionType.LZ4,
                    PLAIN,
                    lz4(blockSize, -1L, Bits.BLOCK_INDEPENDENCE, Bits.BLOCK_CHECKSUM, Bits.CONTENT_CHECKSUM));
            assertReads(
                    CompressionType.LZ4,
                    PLAIN,
                    lz4(blockSize, PLAIN.length, Bits.BLOCK_INDEPENDENCE, Bits.CONTENT_SIZE, Bits.CONTENT_CHECKSUM));
        }
    }

    @Test
    void shouldDetectDamageOfEveryByteOfACheckedLz4Frame() throws IOException {
        byte[] frame;
        try (ByteArrayOutputStream out = new ByteArrayOutputStream()) {
            try (LZ4FrameOutputStream lz4 = new LZ4FrameOutputStream(
                    out, BLOCKSIZE.SIZE_64KB, Bits.BLOCK_INDEPENDENCE, Bits.CONTENT_CHECKSUM)) {
                lz4.write(PLAIN, 0, 2000);
            }
            frame = out.toByteArray();
        }
        for (int position = 0; position < frame.length; position++) {
            assertRefuses(CompressionType.LZ4, with(frame, position, (byte) (frame[position] ^ 0x10)));
        }
        for (int size = 0; size < frame.length; size++) {
            assertRefuses(CompressionType.LZ4, Arrays.copyOf(frame, size));
        }
    }

    @Test
    void shouldReadEveryKindOfZstdFrame() throws IOException {
        assertReads(CompressionType.ZSTD, PLAIN, Zstd.compress(PLAIN, 1));
        assertReads(CompressionType.ZSTD, PLAIN, Zstd.compress(PLAIN, -5));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int part = 0; part < 2; part++) {
            try (ZstdOutputStream zstd = new ZstdOutputStream(out, 19).setChecksum(true)) {
                zstd.write(PLAIN, part * 100_000, 100_000);
            }
        }
        assertReads(CompressionType.ZSTD, Arrays.copyOf(PLAIN, 200_000), out.toByteArray());
    }

    @Test
    void shouldReadConcatenatedGzipMembers() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int part = 0; part < 2; part++) {
            GZIPOutputStream gzip = new GZIPOutputStream(out);
            gzip.write(PLAIN, part * 100_000, 100_000);
            gzip.finish();
        }
        assertReads(CompressionType.GZIP, Arrays.copyOf(PLAIN, 200_000), out.toByteArray());
    }

    @Test
    void shouldGiveBackZstdStreamsThatWereDropped() throws IOException {
        ByteBuffer compressed = ByteBuffer.wrap(Zstd.compress(PLAIN));
        for (int i = 0; i < 200; i++) {
            InputStream dropped = Compression.decompressing(CompressionType.ZSTD, compressed);
            assertEquals(PLAIN[0] & 0xff, dropped.read());
        }
        int before = ZstdCodec.openStreams();
        for (int i = 0; i < 50 && ZstdCodec.openStreams() >= before; i++) {
            System.gc();
            Compression.decompressing(CompressionType.ZSTD, compressed).close();
        }
        assertTrue(ZstdCodec.openStreams() < before, () -> "still open: " + ZstdCodec.openStreams());
    }

    @Test
    void shouldLoadACodecOnlyWhenItIsUsed() throws Exception {
        try (RecordingLoader loader = new RecordingLoader()) {
            Class<?> probe = loader.loadClass(Probe.class.getName());
            Runnable use = (Runnable) probe.getConstructor(String.class).newInstance("NONE");
            use.run();
            assertEquals(Set.of(), loader.codecs);
            ((Runnable) probe.getConstructor(String.class).newInstance("LZ4")).run();
            assertEquals(Set.of("net.jpountz"), loader.codecs);
            ((Runnable) probe.getConstructor(String.class).newInstance("ZSTD")).run();
            assertEquals(Set.of("net.jpountz", "com.github"), loader.codecs);
            ((Runnable) probe.getConstructor(String.class).newInstance("SNAPPY")).run();
            assertEquals(Set.of("net.jpountz", "com.github", "org.xerial"), loader.codecs);
        }
    }

    /** Runs inside {@link RecordingLoader}. */
    public static final class Probe implements Runnable {
        private final String type;

        public Probe(String type) {
            this.type = type;
        }

        @Override
        public void run() {
            ByteBuffer built = new RecordBatchBuilder()
                    .compression(CompressionType.valueOf(type))
                    .append(1, new byte[1], new byte[100])
                    .build();
            RecordBatchValidator.validateProduced(built, new RecordBatchSummary());
            RecordBatch batch = new RecordBatch().wrap(built, 0);
            RecordBatchValidator.validateRecordFraming(batch);
            batch.records().forEach(record -> {});
        }
    }

    /** Loads everything anew and notes whose classes were asked for. */
    private static final class RecordingLoader extends URLClassLoader {
        final Set<String> codecs = ConcurrentHashMap.newKeySet();

        RecordingLoader() throws MalformedURLException {
            super(classPath(), ClassLoader.getPlatformClassLoader());
        }

        @Override
        protected Class<?> findClass(String name) throws ClassNotFoundException {
            for (String codec : List.of("net.jpountz", "com.github", "org.xerial")) {
                if (name.startsWith(codec)) {
                    codecs.add(codec);
                }
            }
            return super.findClass(name);
        }

        private static URL[] classPath() throws MalformedURLException {
            String path = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
            List<URL> urls = new ArrayList<>();
            for (String entry : path.split(File.pathSeparator, -1)) {
                urls.add(new File(entry).toURI().toURL());
            }
            return urls.toArray(URL[]::new);
        }
    }

    private static byte[] lz4(BLOCKSIZE blockSize, long contentSize, Bits... bits) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (LZ4FrameOutputStream lz4 = new LZ4FrameOutputStream(out, blockSize, contentSize, bits)) {
            lz4.write(PLAIN);
        }
        return out.toByteArray();
    }

    private static void assertReads(CompressionType type, byte[] expected, byte[] compressed) throws IOException {
        ByteBuffer heap = ByteBuffer.wrap(compressed);
        for (ByteBuffer source : List.of(heap, heap.asReadOnlyBuffer(), TestBatch.direct(heap))) {
            try (InputStream in = Compression.decompressing(type, source)) {
                assertArrayEquals(expected, in.readAllBytes());
            }
            assertEquals(0, source.position());
        }
    }

    private static void assertRefuses(CompressionType type, byte[] compressed) {
        assertThrows(Exception.class, () -> {
            try (InputStream in = Compression.decompressing(type, ByteBuffer.wrap(compressed))) {
                in.readAllBytes();
            }
        });
    }

    private static byte[] with(byte[] bytes, int position, byte value) {
        byte[] copy = bytes.clone();
        copy[position] = value;
        return copy;
    }

    /** Half of it compressible, so that stored and compressed blocks both appear. */
    private static byte[] plain(int size) {
        byte[] bytes = new byte[size];
        new Random(20260104).nextBytes(bytes);
        for (int i = size / 2; i < size; i++) {
            bytes[i] = (byte) (i >>> 7);
        }
        return bytes;
    }
}
