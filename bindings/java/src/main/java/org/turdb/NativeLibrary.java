package org.turdb;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.UUID;

/**
 * Finds {@code libturdb_jni}: on {@code java.library.path} first, then inside the jar, from where it is extracted once, together with
 * {@code libturdb}, to a folder that is called as its contents hash and that nobody else may write. What lies there already is
 * hashed again before it is used.
 *
 * <p>A class loader needs a {@code libturdb_jni} of its own, since Java loads a file for one class loader only; {@code libturdb} is
 * one for the whole process, as it must be: the second one to be loaded is found by its name.
 */
final class NativeLibrary {
  private static final String DATABASE = "libturdb.so.1";
  private static final String SHIM = "libturdb_jni.so";

  private NativeLibrary() {}

  static void load() {
    List<String> tried = new ArrayList<>();
    if (loadInstalled(tried)) {
      return;
    }
    String platform = platform();
    byte[] database = resource(platform, DATABASE);
    byte[] shim = resource(platform, SHIM);
    if (database == null || shim == null) {
      throw new UnsatisfiedLinkError("there is no library of TurDB for " + platform + ": neither on java.library.path ("
          + System.getProperty("java.library.path") + ": " + String.join("; ", tried)
          + ") nor in the jar. Start Java with -Djava.library.path=FOLDER, where libturdb_jni.so is, or use the jar for " + platform);
    }
    try {
      loadExtracted(database, shim);
    } catch (IOException e) {
      UnsatisfiedLinkError error = new UnsatisfiedLinkError("the library of TurDB cannot be extracted to " + folder()
          + "; -Dturdb.native.dir=FOLDER says where else: " + e);
      error.initCause(e);
      throw error;
    }
  }

  private static boolean loadInstalled(List<String> tried) {
    try {
      System.loadLibrary("turdb_jni");
      return true;
    } catch (UnsatisfiedLinkError e) {
      tried.add(String.valueOf(e.getMessage()));
      return false;
    }
  }

  static String platform() {
    String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    String processor = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
    if (system.startsWith("linux")) {
      system = "linux";
    } else if (system.startsWith("mac")) {
      system = "macos";
    }
    return system + "-" + switch (processor) {
      case "amd64", "x86_64", "x64" -> "x86_64";
      case "aarch64", "arm64" -> "aarch64";
      default -> processor;
    };
  }

  private static byte[] resource(String platform, String name) {
    try (InputStream in = NativeLibrary.class.getResourceAsStream("/org/turdb/native/" + platform + "/" + name)) {
      return in == null ? null : in.readAllBytes();
    } catch (IOException e) {
      return null;
    }
  }

  /** {@code turdb.native.dir}, or {@code turdb-java} in the user's folder for caches. */
  static Path folder() {
    String configured = System.getProperty("turdb.native.dir");
    if (configured != null) {
      return Path.of(configured);
    }
    String caches = System.getenv("XDG_CACHE_HOME");
    Path base = caches != null && !caches.isEmpty() ? Path.of(caches) : Path.of(System.getProperty("user.home"), ".cache");
    return base.resolve("turdb-java");
  }

  private static void loadExtracted(byte[] database, byte[] shim) throws IOException {
    Path folder = ownFolder(folder(), database, shim);
    Path databaseFile = extract(folder, DATABASE, database);
    Path shimFile = extract(folder, SHIM, shim);
    try {
      System.load(databaseFile.toString());
    } catch (UnsatisfiedLinkError e) {
      // Another class loader has loaded it: then it is in the process, and the shim finds it there.
      if (!isLoadedElsewhere(e)) {
        throw e;
      }
    }
    try {
      System.load(shimFile.toString());
    } catch (UnsatisfiedLinkError e) {
      if (!isLoadedElsewhere(e)) {
        throw e;
      }
      Path copy = extract(folder, UUID.randomUUID() + "-" + SHIM, shim);
      System.load(copy.toString());
      Files.deleteIfExists(copy); // it is mapped, and nobody else's
    }
  }

  private static boolean isLoadedElsewhere(UnsatisfiedLinkError e) {
    return String.valueOf(e.getMessage()).contains("already loaded in another classloader");
  }

  private static Path ownFolder(Path base, byte[] database, byte[] shim) throws IOException {
    Files.createDirectories(base);
    Path folder = base.resolve(hash(database, shim).substring(0, 32)).toAbsolutePath();
    var mode = PosixFilePermissions.fromString("rwx------");
    try {
      Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(mode));
    } catch (java.nio.file.FileAlreadyExistsException e) {
      if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)
          || !Files.getPosixFilePermissions(folder, LinkOption.NOFOLLOW_LINKS).equals(mode)
          || !Files.getOwner(folder, LinkOption.NOFOLLOW_LINKS).equals(Files.getOwner(probe(base)))) {
        throw new IOException(folder + " is not a folder that only this user may use (rwx------)");
      }
    }
    return folder;
  }

  /** A file that this process has just made, to learn who it is. */
  private static Path probe(Path base) throws IOException {
    Path file = Files.createTempFile(base, "owner", null);
    file.toFile().deleteOnExit();
    return file;
  }

  private static Path extract(Path folder, String name, byte[] contents) throws IOException {
    Path file = folder.resolve(name);
    if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) && hash(Files.readAllBytes(file)).equals(hash(contents))) {
      return file;
    }
    Path temporary = Files.createTempFile(folder, name, ".new");
    try {
      Files.write(temporary, contents);
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(temporary);
    }
    return file;
  }

  private static String hash(byte[]... parts) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (byte[] part : parts) {
        digest.update(part);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every Java has SHA-256
    }
  }
}
