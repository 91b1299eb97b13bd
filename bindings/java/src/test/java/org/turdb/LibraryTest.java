package org.turdb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.ResultSet;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Finding, extracting and loading the native library, in processes of their own where properties matter. */
class LibraryTest {
  private static final Path CLASSES = Path.of(TurdbDriver.class.getProtectionDomain().getCodeSource().getLocation().getPath());

  /** What a program prints that opens a database. */
  private static String program(String... properties) throws Exception {
    List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
    command.addAll(List.of(properties));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Program.class.getName()));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    process.waitFor();
    return output;
  }

  /** Run by {@link #program}. */
  static final class Program {
    public static void main(String[] arguments) throws Exception {
      try (Connection connection = Databases.memory()) {
        System.out.println("sum " + Databases.number(connection, "select 1 + 1"));
        for (String line : Files.readAllLines(Path.of("/proc/self/maps"))) {
          if (line.contains("libturdb") && line.contains(" r-xp ")) {
            System.out.println("mapped " + line.substring(line.indexOf('/')));
          }
        }
      }
    }
  }

  private static Path natives() {
    return CLASSES.resolve("org/turdb/native/" + NativeLibrary.platform());
  }

  @Test
  void itIsExtractedOnceIntoAFolderOfItsOwn(@TempDir Path folder) throws Exception {
    String output = program("-Dturdb.native.dir=" + folder);
    assertTrue(output.contains("sum 2"), output);
    assertTrue(output.contains("mapped " + folder.toRealPath()), output);
    Path own;
    try (var all = Files.list(folder)) {
      own = all.filter(Files::isDirectory).findFirst().orElseThrow();
    }
    assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(own)));
    Path shim = own.resolve("libturdb_jni.so");
    var made = Files.getLastModifiedTime(shim);
    assertTrue(program("-Dturdb.native.dir=" + folder).contains("sum 2"));
    assertEquals(made, Files.getLastModifiedTime(shim));
    // What somebody else put there is not loaded.
    Files.writeString(shim, "no library");
    assertTrue(program("-Dturdb.native.dir=" + folder).contains("sum 2"));
    try (var all = Files.list(own)) {
      assertEquals(2, all.count());
    }
    try (var all = Files.list(folder)) {
      assertEquals(1, all.filter(Files::isDirectory).count());
    }
  }

  @Test
  void aFolderThatOthersMayUseIsRefused(@TempDir Path folder) throws Exception {
    program("-Dturdb.native.dir=" + folder);
    try (var all = Files.list(folder)) {
      for (Path own : all.filter(Files::isDirectory).toList()) {
        Files.setPosixFilePermissions(own, PosixFilePermissions.fromString("rwxrwxrwx"));
      }
    }
    String output = program("-Dturdb.native.dir=" + folder);
    assertFalse(output.contains("sum 2"), output);
    assertTrue(output.contains("turdb.native.dir"), output);
  }

  @Test
  void theLibraryPathComesFirst(@TempDir Path folder) throws Exception {
    String output = program("-Djava.library.path=" + natives(), "-Dturdb.native.dir=" + folder);
    assertTrue(output.contains("sum 2"), output);
    assertTrue(output.contains("mapped " + natives().toRealPath()), output);
    try (var all = Files.list(folder)) {
      assertEquals(0, all.count());
    }
  }

  @Test
  void classLoadersShareOneLibrary(@TempDir Path folder) throws Exception {
    String path = folder.resolve("database").toString();
    try (Connection here = new TurdbDriver().connect("jdbc:turdb:" + path, null)) {
      Databases.run(here, "create table t(a int)", "insert into t values (1)");
      for (int i = 0; i < 3; ++i) {
        try (URLClassLoader loader = new URLClassLoader(new URL[] {CLASSES.toUri().toURL()}, ClassLoader.getPlatformClassLoader())) {
          Driver driver = (Driver) loader.loadClass("org.turdb.TurdbDriver").getConstructor().newInstance();
          assertFalse(driver instanceof TurdbDriver);
          // It would be locked by another process, or another copy of the library.
          try (Connection there = driver.connect("jdbc:turdb:" + path, null); ResultSet row = there.createStatement().executeQuery("select a from t")) {
            assertTrue(row.next());
          }
        }
      }
    }
  }

  @Test
  void anUnusableFolderIsAnErrorThatSaysWhatToDo() throws Exception {
    String output = program("-Dturdb.native.dir=/proc/nothing");
    assertTrue(output.contains("-Dturdb.native.dir=FOLDER"), output);
    assertFalse(output.contains("sum 2"), output);
  }

  @Test
  void thePlatformHasAName() throws IOException {
    assertTrue(NativeLibrary.platform().matches("[a-z]+-[a-z0-9_]+"), NativeLibrary.platform());
  }
}
