#include "client/recovery_copy.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/directory.h"
#include "base/error.h"
#include "client/file_kind.h"
#include "client/private_file.h"
#include "client/runtime.h"
#include "client/sync_session.h"
#include "store/environment.h"

namespace tombolo::client {
namespace {

std::filesystem::path plan_of(const std::filesystem::path& file) {
  return file.string() + "-reset";
}

[[noreturn]] void fail(const std::string& what, int code, const char* call) {
  throw Error(
      code == ENOSPC ? ErrorCode::kDiskFull : ErrorCode::kStorage, what, {"errno", code, call});
}

/// "cities-20261126-223000.realm", with a number behind it when that is taken.
std::filesystem::path free_name(const std::filesystem::path& file) {
  const std::time_t now = std::chrono::system_clock::to_time_t(system_clock().wall_now());
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 32> time{};
  std::strftime(time.data(), time.size(), "-%Y%m%d-%H%M%S", &parts);
  const std::filesystem::path folder = file.parent_path() / "recovered-realms";
  const std::string stem = file.stem().string() + time.data();
  std::filesystem::path name = folder / (stem + file.extension().string());
  for (int i = 2; std::filesystem::exists(name); ++i) {
    name = folder / (stem + "-" + std::to_string(i) + file.extension().string());
  }
  return name;
}

/// What was renamed stays so after a crash of the machine.
void flush_folder(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) fail("cannot open " + folder.string(), errno, "open");
  const int outcome = ::fsync(descriptor);
  const int code = errno;
  ::close(descriptor);
  if (outcome != 0) fail("cannot flush " + folder.string(), code, "fsync");
}

/// How often, and for how long, a file that is being closed is looked at.
constexpr auto kClosingInterval = std::chrono::milliseconds(2);
constexpr auto kClosingPatience = std::chrono::seconds(10);

/// Makes the file a local one.
void make_local(const std::filesystem::path& file, const std::optional<store::EncryptionKey>& key) {
  const auto environment = open_alone(file, key);
  store::WriteTransaction transaction = environment->begin_write();
  transaction.realm().metadata().put(as_bytes(kKindOfFileKey), as_bytes(kLocalKind));
  transaction.commit();
}

}  // namespace

std::shared_ptr<store::Environment> open_alone(const std::filesystem::path& file,
                                               const std::optional<store::EncryptionKey>& key) {
  const TimePoint end = system_clock().now() + kClosingPatience;
  for (;;) {
    // The file of a session belongs to it even while it is closed.
    const auto session = Runtime::shared()->find_session(file);
    if (!session) {
      try {
        return store::Environment::open(file, {.exclusive = true, .encryption_key = key});
      } catch (const Error& error) {
        // This process has it open, shared.
        if (error.code() != ErrorCode::kInvalidArgument) throw;
        throw Error::caused_by(ErrorCode::kFileInUse, file.string() + " is open", error);
      }
    }
    if (session->is_used() || system_clock().now() >= end) {
      throw Error(ErrorCode::kFileInUse, file.string() + " is being synced");
    }
    std::this_thread::sleep_for(kClosingInterval);
  }
}

std::filesystem::path plan_recovery_copy(const std::filesystem::path& file) {
  if (const auto planned = find_planned_recovery_copy(file)) return *planned;
  std::filesystem::path copy = free_name(std::filesystem::absolute(file));
  write_private_file(plan_of(file), copy.string());
  return copy;
}

std::optional<std::filesystem::path> find_planned_recovery_copy(const std::filesystem::path& file) {
  const std::filesystem::path plan = plan_of(file);
  std::error_code ignored;  // Where nothing can be seen there is no plan either.
  if (!std::filesystem::exists(plan, ignored)) return std::nullopt;
  std::ifstream stream(plan);
  std::stringstream text;
  text << stream.rdbuf();
  if (!stream || text.str().empty()) {
    throw Error(ErrorCode::kStorage, "cannot read " + plan.string());
  }
  return text.str();
}

void make_planned_recovery_copy(const std::filesystem::path& file,
                                const std::optional<store::EncryptionKey>& key) {
  const auto copy = find_planned_recovery_copy(file);
  if (!copy) return;
  // Without the file a crash came after its move.
  if (std::filesystem::exists(file)) {
    make_local(file, key);
    make_directories(copy->parent_path());
    if (::rename(file.c_str(), copy->c_str()) != 0) {
      fail("cannot move " + file.string() + " to " + copy->string(), errno, "rename");
    }
    flush_folder(copy->parent_path());
    flush_folder(std::filesystem::absolute(file).parent_path());
  }
  remove_store_file(file);
  std::filesystem::remove(plan_of(file));
}

void remove_store_file(const std::filesystem::path& file) {
  for (const char* suffix : {"", "-lock", "-guard", "-compact"}) {
    std::error_code
        ignored;  // What cannot be removed is in nobody's way: it is opened or replaced.
    std::filesystem::remove(file.string() + suffix, ignored);
  }
}

}  // namespace tombolo::client
