#include "tests/data/jpeg_files.h"

// The library's header needs it before it.
#include <jpeglib.h>

#include <cstdio>
#include <cstdlib>

namespace plastic::test {

Bytes jpeg_bytes(const JpegForm& form, std::span<const std::uint8_t> samples) {
  jpeg_compress_struct info = {};
  jpeg_error_mgr errors = {};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &memory, &size);
  const auto components = static_cast<int>(form.sampling.size());
  info.image_width = form.width;
  info.image_height = form.height;
  info.input_components = components;
  info.in_color_space = components == 1 ? JCS_GRAYSCALE : components == 3 ? JCS_RGB : JCS_CMYK;
  jpeg_set_defaults(&info);
  if (form.ycck) jpeg_set_colorspace(&info, JCS_YCCK);
  jpeg_set_quality(&info, 100, TRUE);
  if (components == 4) info.write_Adobe_marker = form.adobe ? TRUE : FALSE;
  std::vector<jpeg_scan_info> scans;
  for (int c = 0; c < components; ++c) {
    info.comp_info[c].h_samp_factor = form.sampling[static_cast<std::size_t>(c)][0];
    info.comp_info[c].v_samp_factor = form.sampling[static_cast<std::size_t>(c)][1];
    scans.push_back(
        {.comps_in_scan = 1, .component_index = {c}, .Ss = 0, .Se = 63, .Ah = 0, .Al = 0});
  }
  if (form.progressive) jpeg_simple_progression(&info);
  if (form.separate_scans) {
    info.scan_info = scans.data();
    info.num_scans = components;
  }
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    const std::size_t row = std::size_t{form.width} * form.sampling.size();
    auto* line = const_cast<JSAMPROW>(samples.data() + row * info.next_scanline);
    jpeg_write_scanlines(&info, &line, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  const Bytes bytes(memory, memory + size);
  std::free(memory);
  return bytes;
}

}  // namespace plastic::test
