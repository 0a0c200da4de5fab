# plastic_internal: the library for this project's own programs and tests, which use private headers. A
# shared library shows only what public headers declare, so beside one this is a static library of the
# same objects.

# To be called when all sources are known.
function(plastic_internal)
  get_target_property(type plastic TYPE)
  if(NOT type STREQUAL "SHARED_LIBRARY")
    add_library(plastic_internal ALIAS plastic)
    return()
  endif()
  get_property(levels GLOBAL PROPERTY PLASTIC_LEVEL_OBJECTS)
  add_library(plastic_internal STATIC EXCLUDE_FROM_ALL $<TARGET_OBJECTS:plastic> ${levels})
  if(TARGET plastic_kernels_baseline)
    target_sources(plastic_internal PRIVATE $<TARGET_OBJECTS:plastic_kernels_baseline>)
  endif()
  # The levels' objects are made there.
  add_dependencies(plastic_internal plastic)
  set_target_properties(plastic_internal PROPERTIES LINKER_LANGUAGE CXX)
  target_compile_features(plastic_internal PUBLIC cxx_std_20)
  target_include_directories(plastic_internal PUBLIC ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(plastic_internal PRIVATE $<TARGET_PROPERTY:plastic,LINK_LIBRARIES>)
endfunction()
