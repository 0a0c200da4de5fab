# Kernels, compiled once for each level of vector instructions (core/cpu/level.h).
#
# Two levels have functions of the same names, the standard library's among them, and a linker that is
# given two copies of an inline function keeps either: a program could then run AVX-512 on a processor
# that has none. So the files of each level are linked into one object first, all of whose names are
# then made local except its way in (PLASTIC_AT_LEVEL) and the names of types, which are data.

include(CheckCXXSourceCompiles)

# Adds files of kernels to the library.
function(plastic_kernels)
  list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  set_property(GLOBAL APPEND PROPERTY PLASTIC_KERNELS ${ARGN})
endfunction()

# Adds files that are compiled once, whatever the levels, and have loops over elements, unlike others that
# are compiled once.
function(plastic_loops)
  target_sources(plastic PRIVATE ${ARGN})
  list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  set_property(GLOBAL APPEND PROPERTY PLASTIC_LOOPS ${ARGN})
endfunction()

# The same for those that the levels with instructions for bf16 have too; all else of these comes from
# the level before.
function(plastic_bf16_kernels)
  plastic_kernels(${ARGN})
  list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  set_property(GLOBAL APPEND PROPERTY PLASTIC_BF16_KERNELS ${ARGN})
endfunction()

# Whether the compiler, with the flags that it gets, compiles for x86-64: a toolchain file need not name the
# processor.
function(plastic_compiles_for_x86_64)
  check_cxx_source_compiles("
    #if !defined(__x86_64__) || !defined(__LP64__)
    #error
    #endif
    int main() {}" PLASTIC_COMPILES_FOR_X86_64)
endfunction()

# Sets `out` to why this build has the baseline alone; empty where it has all levels.
function(plastic_why_one_level out)
  set(${out} "" PARENT_SCOPE)
  plastic_compiles_for_x86_64()
  if(PLASTIC_NATIVE)
    set(${out} "PLASTIC_NATIVE: for this machine's processor" PARENT_SCOPE)
  elseif(PLASTIC_SANITIZE)
    set(${out} "a build with sanitizers" PARENT_SCOPE)
  elseif(NOT PLASTIC_COMPILES_FOR_X86_64 OR NOT CMAKE_EXECUTABLE_FORMAT STREQUAL "ELF")
    set(${out} "other levels are for x86-64 and ELF" PARENT_SCOPE)
  else()
    execute_process(COMMAND ${CMAKE_LINKER} --help OUTPUT_VARIABLE help ERROR_QUIET)
    if(NOT help MATCHES "force-group-allocation")
      set(${out} "${CMAKE_LINKER} has no --force-group-allocation" PARENT_SCOPE)
    elseif(NOT CMAKE_OBJCOPY OR NOT CMAKE_NM)
      set(${out} "objcopy or nm was not found" PARENT_SCOPE)
    endif()
  endif()
endfunction()

# Compiles the files of a list, PLASTIC_KERNELS or PLASTIC_BF16_KERNELS, as target plastic_kernels_LEVEL.
function(plastic_kernel_objects level list)
  set(target plastic_kernels_${level})
  get_property(sources GLOBAL PROPERTY ${list})
  add_library(${target} OBJECT ${sources})
  target_compile_features(${target} PRIVATE cxx_std_20)
  target_include_directories(${target} PRIVATE
    ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR})
  plastic_compile_options(${target})
  plastic_engine_options(${target})
  plastic_engine_properties(${target})
  plastic_optimize(${target})
  string(TOUPPER ${level} upper)
  target_compile_definitions(plastic PRIVATE PLASTIC_HAS_${upper})
  set_property(GLOBAL APPEND PROPERTY PLASTIC_BUILT_LEVELS ${level})
endfunction()

# Adds the kernels for the build's own flags to the library.
function(plastic_add_baseline)
  plastic_kernel_objects(baseline PLASTIC_KERNELS)
  # For Arm, g++ moves loads to the front before it assigns registers, more than there are.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
    target_compile_options(plastic_kernels_baseline PRIVATE -fno-schedule-insns)
  endif()
  target_sources(plastic PRIVATE $<TARGET_OBJECTS:plastic_kernels_baseline>)
endfunction()

# The same for a level beyond it, with flags.
function(plastic_add_level level list)
  set(target plastic_kernels_${level})
  plastic_kernel_objects(${level} ${list})
  target_compile_options(${target} PRIVATE ${ARGN})
  target_compile_definitions(${target} PRIVATE PLASTIC_LEVEL=${level})
  # What is linked here must be machine code.
  set_target_properties(${target} PROPERTIES INTERPROCEDURAL_OPTIMIZATION OFF)
  target_compile_options(${target} PRIVATE -fno-lto)
  # Objects that a program has once, such as static ones of inline functions, could not be made local.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -fno-gnu-unique)
  endif()

  set(object ${CMAKE_CURRENT_BINARY_DIR}/${target}.o)
  # CMake counts precompiled headers among the objects.
  set(objects "$<FILTER:$<TARGET_OBJECTS:${target}>,EXCLUDE,[.][gp]ch$>")
  add_custom_command(OUTPUT ${object}
    COMMAND ${CMAKE_LINKER} -r --force-group-allocation -o ${object} ${objects}
    COMMAND ${CMAKE_OBJCOPY} --wildcard --keep-global-symbol=*_${level}Ev
            --keep-global-symbol=_ZTI* --keep-global-symbol=_ZTS* ${object}
    COMMAND ${CMAKE_COMMAND} -D OBJECT=${object} -D LEVEL=${level} -D NM=${CMAKE_NM}
            -P ${PROJECT_SOURCE_DIR}/cmake/CheckLevel.cmake
    DEPENDS ${target} ${objects} ${PROJECT_SOURCE_DIR}/cmake/CheckLevel.cmake
    COMMENT "Linking the kernels of level ${level}"
    COMMAND_EXPAND_LISTS VERBATIM)
  set_source_files_properties(${object} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
  target_sources(plastic PRIVATE ${object})
  set_property(GLOBAL APPEND PROPERTY PLASTIC_LEVEL_OBJECTS ${object})
endfunction()

# Whether the compiler knows the instructions of the levels that compute in bf16.
function(plastic_compiles_bf16)
  set(CMAKE_REQUIRED_FLAGS "-mavx512bf16 -mamx-tile -mamx-bf16")
  check_cxx_source_compiles("#include <immintrin.h>
    int main() { _tile_dpbf16ps(0, 1, 2); }" PLASTIC_COMPILES_BF16)
endfunction()

# Sets `out` to the levels that PLASTIC_LEVELS asks for; an error where this build cannot have one.
function(plastic_wanted_levels out why_one_level)
  set(f32 baseline avx2 avx512)
  set(bf16 avx512_bf16 amx)
  set(possible ${f32})
  # Optimizers compute in f32.
  if(why_one_level)
    set(possible baseline)
  elseif(PLASTIC_OPTIMIZERS_ONLY)
    set(why "PLASTIC_OPTIMIZERS_ONLY: optimizers compute in f32")
  else()
    plastic_compiles_bf16()
    if(PLASTIC_COMPILES_BF16)
      list(APPEND possible ${bf16})
    else()
      set(why "the compiler does not know AVX-512 BF16 and AMX")
    endif()
  endif()
  if(PLASTIC_LEVELS STREQUAL "all")
    set(${out} ${possible} PARENT_SCOPE)
    return()
  endif()
  set(wanted "")
  foreach(level IN LISTS PLASTIC_LEVELS)
    if(NOT level IN_LIST f32 AND NOT level IN_LIST bf16)
      message(FATAL_ERROR "PLASTIC_LEVELS has \"${level}\", which is no level of instructions; it may be all, or a list "
                          "of ${f32};${bf16}")
    elseif(NOT level IN_LIST possible)
      message(FATAL_ERROR "PLASTIC_LEVELS has ${level}, and this build can have ${possible} alone "
                          "(${why_one_level}${why}); leave it out, or say all for what is possible")
    elseif(level IN_LIST bf16 AND NOT "avx512" IN_LIST PLASTIC_LEVELS)
      message(FATAL_ERROR "PLASTIC_LEVELS has ${level}, which takes all but products from avx512; add avx512")
    endif()
  endforeach()
  # In the order of enum Level.
  foreach(level IN LISTS possible)
    if(level IN_LIST PLASTIC_LEVELS)
      list(APPEND wanted ${level})
    endif()
  endforeach()
  if(NOT wanted)
    message(FATAL_ERROR "PLASTIC_LEVELS is empty; it may be all, or a list of ${possible}")
  endif()
  set(${out} ${wanted} PARENT_SCOPE)
endfunction()

# To be called when all kernels are known.
function(plastic_levels)
  plastic_why_one_level(why)
  plastic_wanted_levels(levels "${why}")
  if("baseline" IN_LIST levels)
    plastic_add_baseline()
  endif()
  if(why)
    plastic_report_vectors("${why}")
    return()
  endif()
  # Which levels there are is a choice of this build.
  target_compile_definitions(plastic PRIVATE PLASTIC_HAS_LEVELS)
  # Whole vectors are for loops written with them; what a compiler makes of others is faster with halves
  # on processors that lower their clock for AVX-512, and no slower elsewhere.
  set(avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2 -mfma -mprefer-vector-width=256)
  if("avx2" IN_LIST levels)
    plastic_add_level(avx2 PLASTIC_KERNELS -mavx2 -mfma)
  endif()
  if("avx512" IN_LIST levels)
    plastic_add_level(avx512 PLASTIC_KERNELS ${avx512})
  endif()
  if("avx512_bf16" IN_LIST levels)
    plastic_add_level(avx512_bf16 PLASTIC_BF16_KERNELS ${avx512} -mavx512bf16)
  endif()
  if("amx" IN_LIST levels)
    plastic_add_level(amx PLASTIC_BF16_KERNELS ${avx512} -mavx512bf16 -mamx-tile -mamx-bf16)
    target_compile_definitions(plastic_kernels_amx PRIVATE PLASTIC_HAS_TILES)
  endif()
  list(JOIN levels ", " text)
  message(STATUS "Plastic: kernels for ${text}, chosen when a program starts")
endfunction()
