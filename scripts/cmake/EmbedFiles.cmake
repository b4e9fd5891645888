# embed_files(TARGET NAME FILE): makes `extern const std::string_view heddle::embedded::NAME` available to
# TARGET, holding the bytes of FILE, so that the program needs no data folder for its schemas.
function(embed_files target name file)
  set(source "${CMAKE_CURRENT_BINARY_DIR}/embedded_${name}.cpp")
  add_custom_command(OUTPUT "${source}"
    COMMAND "${CMAKE_COMMAND}" -DINPUT=${file} -DOUTPUT=${source} -DNAME=${name}
            -P "${PROJECT_SOURCE_DIR}/scripts/cmake/embed.cmake"
    DEPENDS "${file}" "${PROJECT_SOURCE_DIR}/scripts/cmake/embed.cmake" VERBATIM)
  target_sources(${target} PRIVATE "${source}")
  set_source_files_properties("${source}" PROPERTIES SKIP_PRECOMPILE_HEADERS ON SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()
