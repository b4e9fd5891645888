# Flags that every target of the project shares.
if(PROJECT_SOURCE_DIR STREQUAL PROJECT_BINARY_DIR)
  message(FATAL_ERROR "In-source builds are not supported: use 'cmake --preset release'.")
endif()
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

# -O2, because hot loops are vectorised by hand (Highway) and -O3 only takes longer to compile.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
# For the sanitizers: fast enough, and findings name their line.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1")

find_program(HEDDLE_CCACHE ccache)
if(HEDDLE_CCACHE)
  # ccache requires this sloppiness with precompiled headers, and -fpch-preprocess below.
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND};-E;env;CCACHE_SLOPPINESS=pch_defines,time_macros;${HEDDLE_CCACHE}")
endif()

add_library(heddle_flags INTERFACE)
target_compile_features(heddle_flags INTERFACE cxx_std_20)
target_include_directories(heddle_flags INTERFACE "${PROJECT_SOURCE_DIR}")
# -ffp-contract=off: derived ratios must be the same bytes on every machine.
target_compile_options(heddle_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
                       -Wnon-virtual-dtor -Woverloaded-virtual -ffp-contract=off)
if(HEDDLE_CCACHE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(heddle_flags INTERFACE -fpch-preprocess)
endif()
# Three checks of GCC 12 report std::string's own memcpy (GCC bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(heddle_flags INTERFACE -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds)
endif()
if(HEDDLE_DEVELOPER)
  target_compile_options(heddle_flags INTERFACE -Werror)
endif()
# The command line and the tests compute little; -O1 compiles them in a third less time.
add_library(heddle_light INTERFACE)
target_compile_options(heddle_light INTERFACE $<$<CONFIG:Release>:-O1>)
if(HEDDLE_SANITIZE)
  target_compile_options(heddle_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(heddle_flags INTERFACE -fsanitize=address,undefined)
endif()
if(HEDDLE_COVERAGE)
  target_compile_options(heddle_flags INTERFACE --coverage)
  target_link_options(heddle_flags INTERFACE --coverage)
endif()

# Names the headers of a target: each has to compile alone. The target all_verify_interface_header_sets compiles every
# one without precompiled headers (CMAKE_VERIFY_INTERFACE_HEADER_SETS; not part of `all`). *-inl.h are parts of others.
function(heddle_headers target)
  set(headers ${ARGN})
  list(FILTER headers EXCLUDE REGEX "-inl\\.h$")
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}" FILES ${headers})
endfunction()
