# The ways to Plastic from somebody else's project. One installed library of each kind serves all that
# want one.

set(folder ${CMAKE_CURRENT_BINARY_DIR}/ways)
set(scripts ${CMAKE_CURRENT_SOURCE_DIR}/consumer/ways)
set(library -DSOURCE=${PROJECT_SOURCE_DIR} -DBUILD=${PROJECT_BINARY_DIR})

foreach(kind static shared)
  set(shared_${kind} OFF)
  if(kind STREQUAL "shared")
    set(shared_${kind} ON)
  endif()
  add_test(NAME consumer.library.${kind}
    COMMAND ${CMAKE_COMMAND} ${library} -DSHARED=${shared_${kind}} -DFOLDER=${folder}/${kind}
            -DCOMPILER=${CMAKE_CXX_COMPILER} -P ${scripts}/build_library.cmake)
  set_tests_properties(consumer.library.${kind} PROPERTIES FIXTURES_SETUP consumer.library.${kind})
endforeach()

# consumer_test(WAY KIND COMPILER): the library installed, and the program compiled by COMPILER.
find_program(PLASTIC_PKG_CONFIG pkg-config)
function(consumer_test way kind compiler)
  cmake_path(GET compiler FILENAME name)
  set(test consumer.${way}.${kind}.${name})
  if(NOT EXISTS ${compiler} OR (way STREQUAL "pkg_config" AND NOT PLASTIC_PKG_CONFIG))
    add_test(NAME ${test} COMMAND ${CMAKE_COMMAND} -E echo
             "skipped: clang++ or pkg-config is not installed; scripts/setup test installs it")
    set_tests_properties(${test} PROPERTIES SKIP_REGULAR_EXPRESSION "skipped:")
    return()
  endif()
  add_test(NAME ${test}
    COMMAND ${CMAKE_COMMAND} -DWAY=${way} -DPREFIX=${folder}/${kind}/prefix
            -DFOLDER=${folder}/${way}_${kind}_${name} -DCOMPILER=${compiler} -P ${scripts}/consume.cmake)
  set_tests_properties(${test} PROPERTIES FIXTURES_REQUIRED consumer.library.${kind})
endfunction()

find_program(PLASTIC_CLANG clang++)
foreach(kind static shared)
  consumer_test(find_package ${kind} ${CMAKE_CXX_COMPILER})
  consumer_test(pkg_config ${kind} ${CMAKE_CXX_COMPILER})
endforeach()
consumer_test(find_package static ${PLASTIC_CLANG})
consumer_test(pkg_config shared ${PLASTIC_CLANG})

foreach(row "add_subdirectory static" "fetch_content shared")
  separate_arguments(row)
  list(GET row 0 way)
  list(GET row 1 kind)
  add_test(NAME consumer.${way}.${kind}
    COMMAND ${CMAKE_COMMAND} -DWAY=${way} ${library} -DSHARED=${shared_${kind}}
            -DFOLDER=${folder}/${way} -DCOMPILER=${CMAKE_CXX_COMPILER} -P ${scripts}/consume.cmake)
endforeach()
