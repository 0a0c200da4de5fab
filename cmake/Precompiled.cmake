# The standard library's headers, parsed once per target: they are most of what a small file takes to
# compile. Every file still includes what it uses, which builds with a compiler launcher check: ccache
# keeps little of what is compiled with precompiled headers, so such builds have none by default. A
# function of ours that takes a std::string and has the name of one in namespace std, such as quoted(),
# would be ambiguous or worse: it needs another name.

set(default ON)
if(CMAKE_CXX_COMPILER_LAUNCHER)
  set(default OFF)
endif()
option(PLASTIC_PRECOMPILE "Precompile the standard library's headers" ${default})

# To be called when all sources of the target are known.
function(plastic_precompile target)
  if(NOT PLASTIC_PRECOMPILE OR NOT TARGET ${target})
    return()
  endif()
  set(headers algorithm array cmath cstddef cstdint filesystem functional limits map memory optional
      span string string_view system_error utility vector)
  list(TRANSFORM headers PREPEND "$<$<COMPILE_LANGUAGE:CXX>:<")
  list(TRANSFORM headers APPEND "$<ANGLE-R>>")
  target_precompile_headers(${target} PRIVATE ${headers} ${ARGN})
  # g++ 12 takes its own std::string's memory for too small where "text" + std::string() is inlined (GCC bugs
  # 105329, 105651): with precompiled headers it no longer sees that the code is a system header's.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(${target} PRIVATE
      $<$<COMPILE_LANGUAGE:CXX>:-Wno-array-bounds -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread>)
  endif()
  # What is compiled with options of its own cannot read what was compiled with others.
  get_target_property(sources ${target} SOURCES)
  get_target_property(folder ${target} SOURCE_DIR)
  foreach(source IN LISTS sources)
    cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY ${folder} NORMALIZE)
    get_source_file_property(options ${source} TARGET_DIRECTORY ${target} COMPILE_OPTIONS)
    if(options)
      set_source_files_properties(${source} TARGET_DIRECTORY ${target} PROPERTIES
        SKIP_PRECOMPILE_HEADERS ON)
    endif()
  endforeach()
endfunction()
