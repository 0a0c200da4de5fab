# Builds program.cpp against Plastic in one way, and runs it:
#   cmake -DWAY=… -DPREFIX=… -DFOLDER=… -DCOMPILER=… -P consume.cmake            an installed library
#   cmake -DWAY=… -DSOURCE=… -DBUILD=… -DSHARED=… -DFOLDER=… -DCOMPILER=… -P consume.cmake   its sources
# RANKS: plastic::distributed, too.
# SAME names a file of options that the library was configured with, one per line (build_library.cmake).
include(${CMAKE_CURRENT_LIST_DIR}/run.cmake)
file(STRINGS ${SAME} same)
file(REMOVE_RECURSE ${FOLDER})

# check_size(PROGRAM HAS): whether the program has a function of the library's that it does not use, beside
# one that it does. A linker drops it as a static Plastic asks (PLASTIC_GC_SECTIONS).
function(check_size program has)
  file(STRINGS ${program} found REGEX "^_ZN7plastic17available_devicesEv$")
  if((found AND NOT has) OR (has AND NOT found))
    message(FATAL_ERROR "${program}: has \"${found}\" of what it does not use; expected: ${has}")
  endif()
endfunction()

if(WAY STREQUAL "pkg_config")
  file(GLOB_RECURSE pc ${PREFIX}/plastic.pc)
  cmake_path(GET pc PARENT_PATH folder)
  set(ENV{PKG_CONFIG_PATH} ${folder})
  cmake_path(GET folder PARENT_PATH libraries)
  set(ENV{LD_LIBRARY_PATH} ${libraries})
  execute_process(COMMAND pkg-config --cflags --libs plastic OUTPUT_VARIABLE flags
                  COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(flags UNIX_COMMAND "${flags}")
  set(compiler_flags ${same})
  list(FILTER compiler_flags INCLUDE REGEX "^-DCMAKE_CXX_FLAGS=")
  string(REPLACE "-DCMAKE_CXX_FLAGS=" "" compiler_flags "${compiler_flags}")
  separate_arguments(compiler_flags UNIX_COMMAND "${compiler_flags}")
  file(MAKE_DIRECTORY ${FOLDER})
  foreach(standard 20 2b)
    run(${COMPILER} ${compiler_flags} -std=c++${standard} -O2 -Wall -Wextra -Wpedantic -Wshadow
        -Wconversion -Werror ${CMAKE_CURRENT_LIST_DIR}/program.cpp ${flags} -o ${FOLDER}/program_${standard})
    run(${FOLDER}/program_${standard})
    check_size(${FOLDER}/program_${standard} OFF)
  endforeach()
  if(EXISTS ${libraries}/libplastic.a)
    run(${COMPILER} ${compiler_flags} -std=c++20 -O2 ${CMAKE_CURRENT_LIST_DIR}/program.cpp ${flags}
        -Wl,--no-gc-sections -o ${FOLDER}/whole)
    check_size(${FOLDER}/whole ON)
  endif()
  return()
endif()

set(arguments -DWAY=${WAY} -DRANKS=${RANKS} -DCMAKE_CXX_COMPILER=${COMPILER} ${same})
if(PREFIX)
  list(APPEND arguments -DCMAKE_PREFIX_PATH=${PREFIX})
else()
  run(${CMAKE_CURRENT_LIST_DIR}/reuse_object --table ${BUILD} ${COMPILER})
  file(WRITE ${FOLDER}/objects.txt "${RUN_OUTPUT}")
  set(ENV{REUSE_TABLE} ${FOLDER}/objects.txt)
  list(APPEND arguments -DPLASTIC=${SOURCE} -DBUILD_SHARED_LIBS=${SHARED} -DPLASTIC_PRECOMPILE=OFF
       -DCMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CURRENT_LIST_DIR}/reuse_object)
endif()
run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR} -B ${FOLDER}/build ${arguments})
run(${CMAKE_COMMAND} --build ${FOLDER}/build --parallel 2)
run(${FOLDER}/build/program_20)
run(${FOLDER}/build/program_23)
check_size(${FOLDER}/build/program_20 OFF)
if(RANKS)
  run(${FOLDER}/build/ranks)
endif()
run(${CMAKE_COMMAND} --install ${FOLDER}/build --prefix ${FOLDER}/prefix)
file(GLOB_RECURSE installed LIST_DIRECTORIES FALSE ${FOLDER}/prefix/*)
list(LENGTH installed count)
if(NOT count EQUAL 1)
  message(FATAL_ERROR "the project installs one program, and Plastic with it: ${installed}")
endif()
