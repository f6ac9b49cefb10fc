# The three helpers that every folder uses, and the settings that hold for all of our targets.
#
#   tombolo_layer(merge SOURCES merge.cpp DEPENDS changeset LIBRARIES LMDB::LMDB)
#   tombolo_test(merge_test SOURCES merge_test.cpp DEPENDS merge)
#   tombolo_fuzzer(changeset_fuzzer SOURCES changeset_fuzzer.cpp DEPENDS changeset)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
# One form of object code for programs and the Node addon, so that they share precompiled headers.
add_compile_options(-fPIC -fno-semantic-interposition)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

if(PROJECT_IS_TOP_LEVEL)
  find_program(TOMBOLO_CCACHE ccache)
  if(TOMBOLO_CCACHE)
    set(CMAKE_C_COMPILER_LAUNCHER ${TOMBOLO_CCACHE})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${TOMBOLO_CCACHE})
  endif()
endif()

# Warnings are errors, in our own targets only.
add_library(tombolo_options INTERFACE)
target_compile_options(tombolo_options INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Wunused-result
  -Wno-missing-field-initializers -Werror)
if(TOMBOLO_SANITIZE)
  # "fuzzer-no-link" adds the coverage that libFuzzer steers by.
  target_compile_options(tombolo_options INTERFACE
    -fsanitize=${TOMBOLO_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(tombolo_options INTERFACE -fsanitize=${TOMBOLO_SANITIZE})
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports these inside its own library when it inlines std::string and std::variant.
  target_compile_options(tombolo_options INTERFACE
    -Wno-restrict -Wno-maybe-uninitialized -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread)
  if(TOMBOLO_SANITIZE MATCHES "thread")
    target_compile_options(tombolo_options INTERFACE -Wno-tsan)
  endif()
endif()

# One layer: a folder of src/, one static library named tombolo_<layer>.
function(tombolo_layer layer)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPENDS;LIBRARIES")
  add_library(tombolo_${layer} STATIC ${arg_SOURCES})
  target_include_directories(tombolo_${layer} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  list(TRANSFORM arg_DEPENDS PREPEND tombolo_)
  target_link_libraries(tombolo_${layer}
    PUBLIC ${arg_DEPENDS} ${arg_LIBRARIES} PRIVATE tombolo_options)
endfunction()

if(TOMBOLO_TESTS)
  enable_testing()
  find_package(GTest REQUIRED)
  find_library(TOMBOLO_RAPIDCHECK rapidcheck REQUIRED)
  add_library(tombolo_test_main STATIC ${PROJECT_SOURCE_DIR}/cmake/test_main.cpp)
  target_link_libraries(tombolo_test_main
    PUBLIC GTest::gmock GTest::gtest ${TOMBOLO_RAPIDCHECK} Threads::Threads
    PRIVATE tombolo_options)
  target_precompile_headers(tombolo_test_main PRIVATE
    <gtest/gtest.h> <gmock/gmock.h> <algorithm> <chrono> <functional> <map> <memory> <optional>
    <string> <variant> <vector>)
endif()

# One test program; ctest runs it whole. The path of test/data arrives as the macro
# TOMBOLO_TEST_DATA. The label "threads" marks what TSan has to run.
function(tombolo_test name)
  if(NOT TOMBOLO_TESTS)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;DEPENDS;LIBRARIES;LABELS")
  if(TOMBOLO_SANITIZE MATCHES "thread" AND NOT "threads" IN_LIST arg_LABELS)
    return()
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_precompile_headers(${name} REUSE_FROM tombolo_test_main)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR})
  target_compile_definitions(${name} PRIVATE
    TOMBOLO_TEST_DATA="${PROJECT_SOURCE_DIR}/test/data" TOMBOLO_BINARY_DIR="${PROJECT_BINARY_DIR}")
  list(TRANSFORM arg_DEPENDS PREPEND tombolo_)
  target_link_libraries(${name}
    PRIVATE ${arg_DEPENDS} ${arg_LIBRARIES} tombolo_test_main tombolo_options)
  add_test(NAME ${name} COMMAND ${name})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 900)
  endif()
  # A test that forks has threads of earlier tests behind it, which ThreadSanitizer minds otherwise.
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}"
    ENVIRONMENT "TSAN_OPTIONS=die_after_fork=0")
endfunction()

# One libFuzzer program with the corpus test/fuzz/corpus/<name>.
function(tombolo_fuzzer name)
  if(NOT TOMBOLO_FUZZERS)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPENDS;LIBRARIES")
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR})
  list(TRANSFORM arg_DEPENDS PREPEND tombolo_)
  target_link_libraries(${name} PRIVATE ${arg_DEPENDS} ${arg_LIBRARIES} tombolo_options)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
endfunction()
