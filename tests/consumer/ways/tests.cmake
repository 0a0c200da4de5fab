# The ways to Plastic from somebody else's project. One installed library of each kind serves all that
# want one.

set(folder ${CMAKE_CURRENT_BINARY_DIR}/ways)
set(scripts ${CMAKE_CURRENT_SOURCE_DIR}/consumer/ways)
set(library -DSOURCE=${PROJECT_SOURCE_DIR} -DBUILD=${PROJECT_BINARY_DIR})
# What decides about code is as in this build, whose objects can then be taken.
file(CONFIGURE OUTPUT ${folder}/same.txt CONTENT "-DCMAKE_BUILD_TYPE=@CMAKE_BUILD_TYPE@
-DCMAKE_CXX_FLAGS=@CMAKE_CXX_FLAGS@
-DPLASTIC_NATIVE=@PLASTIC_NATIVE@
-DPLASTIC_OPTIMIZE=@PLASTIC_OPTIMIZE@
" @ONLY)
set(same -DSAME=${folder}/same.txt)
set(shared_static OFF)
set(shared_shared ON)
set(ranks_static ON)
set(ranks_shared OFF)
foreach(kind static shared)
  add_test(NAME consumer.library.${kind}
    COMMAND ${CMAKE_COMMAND} ${library} ${same} -DSHARED=${shared_${kind}} -DFOLDER=${folder}/${kind}
            -DCOMPILER=${CMAKE_CXX_COMPILER} -P ${scripts}/build_library.cmake)
  set_tests_properties(consumer.library.${kind} PROPERTIES FIXTURES_SETUP consumer.library.${kind})
endforeach()

# scripts/setup test installs them.
find_program(PLASTIC_CLANG clang++)
find_program(PLASTIC_PKG_CONFIG pkg-config)
find_program(PLASTIC_DPKG dpkg)

# consumer_test(NAME KIND TOOL ARGUMENT...): a script run with the arguments, which needs the installed
# library of a kind and a tool.
function(consumer_test name kind tool)
  if(NOT tool)
    add_test(NAME consumer.${name} COMMAND ${CMAKE_COMMAND} -E echo
             "skipped: a tool is not installed; scripts/setup test installs it")
    set_tests_properties(consumer.${name} PROPERTIES SKIP_REGULAR_EXPRESSION "skipped:")
    return()
  endif()
  add_test(NAME consumer.${name} COMMAND ${CMAKE_COMMAND} ${same} -DFOLDER=${folder}/${name} ${ARGN})
  set_tests_properties(consumer.${name} PROPERTIES FIXTURES_REQUIRED consumer.library.${kind})
endfunction()

set(compiler -DCOMPILER=${CMAKE_CXX_COMPILER})
set(clang -DCOMPILER=${PLASTIC_CLANG})
set(consume -P ${scripts}/consume.cmake)
foreach(kind static shared)
  set(prefix -DPREFIX=${folder}/${kind}/prefix)
  consumer_test(find_package.${kind} ${kind} ${CMAKE_COMMAND}
                -DWAY=find_package -DRANKS=${ranks_${kind}} ${prefix} ${compiler} ${consume})
  consumer_test(pkg_config.${kind} ${kind} ${PLASTIC_PKG_CONFIG}
                -DWAY=pkg_config ${prefix} ${compiler} ${consume})
  consumer_test(clang.${kind} ${kind} ${PLASTIC_CLANG}
                -DWAY=find_package ${prefix} ${clang} ${consume})
endforeach()
consumer_test(package.tgz static ${PLASTIC_PKG_CONFIG}
              -DKIND=TGZ -DBUILD=${folder}/static/build ${compiler} -P ${scripts}/package.cmake)
consumer_test(package.deb shared ${PLASTIC_DPKG}
              -DKIND=DEB -DBUILD=${folder}/shared/build ${compiler} -P ${scripts}/package.cmake)

foreach(row "add_subdirectory static" "fetch_content shared")
  separate_arguments(row)
  list(GET row 0 way)
  list(GET row 1 kind)
  add_test(NAME consumer.${way}.${kind}
    COMMAND ${CMAKE_COMMAND} -DWAY=${way} -DRANKS=${ranks_${kind}} ${library} ${same} -DSHARED=${shared_${kind}}
            -DFOLDER=${folder}/${way} ${compiler} ${consume})
endforeach()
