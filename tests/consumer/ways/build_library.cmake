# Builds and installs the library of preset `library`, static or shared, for the tests of ways to it:
#   cmake -DSOURCE=… -DBUILD=… -DSAME=FILE -DCOMPILER=… -DSHARED=ON|OFF -DFOLDER=… -P build_library.cmake
# Objects that the build BUILD has are not compiled again (reuse_object); FILE has the options that make
# them the same, one per line.

include(${CMAKE_CURRENT_LIST_DIR}/run.cmake)
file(REMOVE_RECURSE ${FOLDER})
run(${CMAKE_CURRENT_LIST_DIR}/reuse_object --table ${BUILD} ${COMPILER})
file(WRITE ${FOLDER}/objects.txt "${RUN_OUTPUT}")
set(ENV{REUSE_TABLE} ${FOLDER}/objects.txt)
file(STRINGS ${SAME} same)
run(${CMAKE_COMMAND} -S ${SOURCE} --preset library -B ${FOLDER}/build -DBUILD_SHARED_LIBS=${SHARED}
    -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_INSTALL_PREFIX=${FOLDER}/built/for ${same}
    -DCMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CURRENT_LIST_DIR}/reuse_object -DPLASTIC_PRECOMPILE=OFF
    -DPLASTIC_MPI=AUTO)
run(${CMAKE_COMMAND} --build ${FOLDER}/build --parallel 2)
# Somewhere else than it was built for: packages are relocatable.
run(${CMAKE_COMMAND} --install ${FOLDER}/build --prefix ${FOLDER}/prefix)
