#include "test/support/recorded_traffic.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/hex.h"
#include "test/support/data_file.h"

namespace tombolo::test {
namespace {

constexpr std::array kSources{
    std::pair{std::string_view("c2s"), RecordedSource::kClientToServer},
    std::pair{std::string_view("s2c"), RecordedSource::kServerToClient},
    std::pair{std::string_view("client"), RecordedSource::kClient},
    std::pair{std::string_view("tool"), RecordedSource::kTool},
};

constexpr std::array kKinds{
    std::pair{std::string_view("http"), RecordedKind::kHttp},
    std::pair{std::string_view("binary"), RecordedKind::kBinary},
    std::pair{std::string_view("text"), RecordedKind::kText},
    std::pair{std::string_view("close"), RecordedKind::kClose},
    std::pair{std::string_view("ping"), RecordedKind::kControl},
    std::pair{std::string_view("pong"), RecordedKind::kControl},
    std::pair{std::string_view("3"), RecordedKind::kControl},
    std::pair{std::string_view("tcp"), RecordedKind::kConnection},
    std::pair{std::string_view("event"), RecordedKind::kEvent},
};

template <typename Table>
auto look_up(const Table& table, const nlohmann::json& line, const char* key) {
  const auto& name = line.at(key).template get_ref<const std::string&>();
  const auto* const row = std::ranges::find(table, name, &Table::value_type::first);
  if (row == table.end())
    throw Error(ErrorCode::kInvalidArgument, std::string(key) + " of a recording: " + name);
  return row->second;
}

RecordedEvent read_event(const nlohmann::json& line) {
  RecordedEvent event;
  event.time = decltype(event.time)(line.at("t_ms").get<double>());
  event.connection = line.value("conn", 0U);
  event.source = look_up(kSources, line, "dir");
  event.kind = look_up(kKinds, line, "kind");
  event.text = line.at("head");
  const auto bytes = parse_hex(line.value("bytes", std::string()));
  if (!bytes) throw Error(ErrorCode::kInvalidArgument, "bytes of a recording are not hexadecimal");
  event.bytes = *bytes;
  event.is_truncated = line.value("truncated", false);
  if (const auto headers = line.find("headers"); headers != line.end())
    event.headers = headers->get<decltype(event.headers)>();
  return event;
}

bool equal_ignoring_case(std::string_view left, std::string_view right) {
  const auto lower = [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  };
  return std::ranges::equal(left, right, {}, lower, lower);
}

}  // namespace

std::optional<std::string_view> RecordedEvent::header(std::string_view name) const {
  for (const auto& [header_name, value] : headers)
    if (equal_ignoring_case(header_name, name)) return value;
  return std::nullopt;
}

std::vector<RecordedEvent> read_recording(const std::filesystem::path& path) {
  std::vector<RecordedEvent> events;
  for (const nlohmann::json& line : read_json_lines(path)) events.push_back(read_event(line));
  return events;
}

std::vector<std::string> find_recordings(const std::filesystem::path& directory) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    std::filesystem::path path = entry.path();
    if (path.extension() == ".gz") path.replace_extension();
    if (path.extension() == ".jsonl") found.push_back(path.lexically_relative(directory).string());
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace tombolo::test
