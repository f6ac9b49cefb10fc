#include "test/support/data_file.h"

#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>

#include <libdeflate.h>

#include "base/error.h"

namespace tombolo::test {
namespace {

std::filesystem::path packed(std::filesystem::path path) {
  return path += ".gz";
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(ErrorCode::kNotFound, "cannot read " + path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The size of the content stands in the last four bytes of a gzip file.
std::size_t unpacked_size(const std::string& gzip) {
  std::uint32_t size = 0;
  if (gzip.size() >= sizeof size) {
    std::memcpy(&size, gzip.data() + gzip.size() - sizeof size, sizeof size);
  }
  return size;
}

}  // namespace

bool data_file_exists(const std::filesystem::path& path) {
  return std::filesystem::exists(path) || std::filesystem::exists(packed(path));
}

std::string read_data_file(const std::filesystem::path& path) {
  if (std::filesystem::exists(path)) return read_file(path);

  const std::string gzip = read_file(packed(path));
  const std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)>
      decompressor(libdeflate_alloc_decompressor(), &libdeflate_free_decompressor);
  std::string content(unpacked_size(gzip), '\0');
  const libdeflate_result result = libdeflate_gzip_decompress(
      decompressor.get(), gzip.data(), gzip.size(), content.data(), content.size(), nullptr);
  if (result != LIBDEFLATE_SUCCESS) {
    throw Error(ErrorCode::kInvalidArgument, "damaged file " + packed(path).string());
  }
  return content;
}

std::vector<nlohmann::json> read_json_lines(const std::filesystem::path& path) {
  std::istringstream content(read_data_file(path));
  std::vector<nlohmann::json> values;
  for (std::string line; std::getline(content, line);) {
    if (!line.empty()) values.push_back(nlohmann::json::parse(line));
  }
  return values;
}

}  // namespace tombolo::test
