# Third-party code: found as packages first (./dev hands over the prefix that scripts/deps.sh built, a
# distribution or vcpkg its own), fetched as pinned upstream releases otherwise. All of it is static,
# position-independent and hidden in what ships.
include(FetchContent)
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

find_package(absl CONFIG QUIET)
if(NOT absl_FOUND)
  set(ABSL_PROPAGATE_CXX_STD ON)
  FetchContent_Declare(abseil GIT_REPOSITORY https://github.com/abseil/abseil-cpp.git GIT_TAG 20240722.0)
  FetchContent_MakeAvailable(abseil)
endif()

find_package(mimalloc CONFIG QUIET)
if(mimalloc_FOUND)
  add_library(turdb_mimalloc ALIAS mimalloc-static)
else()
  set(MI_OVERRIDE OFF)
  set(MI_BUILD_SHARED OFF)
  set(MI_BUILD_OBJECT OFF)
  set(MI_BUILD_TESTS OFF)
  set(MI_LOCAL_DYNAMIC_TLS ON)
  FetchContent_Declare(mimalloc GIT_REPOSITORY https://github.com/microsoft/mimalloc.git GIT_TAG v2.0.9)
  FetchContent_MakeAvailable(mimalloc)
  add_library(turdb_mimalloc ALIAS mimalloc-static)
endif()

find_package(zstd CONFIG QUIET)
if(NOT TARGET zstd::libzstd_static)
  FetchContent_Declare(zstd GIT_REPOSITORY https://github.com/facebook/zstd.git GIT_TAG v1.5.4 SOURCE_SUBDIR build/cmake)
  set(ZSTD_BUILD_SHARED OFF)
  set(ZSTD_BUILD_PROGRAMS OFF)
  FetchContent_MakeAvailable(zstd)
  add_library(zstd::libzstd_static ALIAS libzstd_static)
endif()

# xsimd is headers only.
find_path(TURDB_XSIMD_INCLUDE xsimd/xsimd.hpp)
add_library(turdb_xsimd INTERFACE)
if(TURDB_XSIMD_INCLUDE)
  target_include_directories(turdb_xsimd SYSTEM INTERFACE ${TURDB_XSIMD_INCLUDE})
else()
  FetchContent_Declare(xsimd GIT_REPOSITORY https://github.com/xtensor-stack/xsimd.git GIT_TAG 14.0.0)
  FetchContent_GetProperties(xsimd)
  FetchContent_Populate(xsimd)
  target_include_directories(turdb_xsimd SYSTEM INTERFACE ${xsimd_SOURCE_DIR}/include)
endif()

# io_uring is optional: without liburing the posix backend reads and writes one request at a time.
find_library(TURDB_LIBURING NAMES liburing.a)
find_path(TURDB_LIBURING_INCLUDE liburing.h)
