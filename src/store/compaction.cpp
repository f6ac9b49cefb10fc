#include "store/compaction.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

#include "store/file_descriptor.h"

namespace tombolo::store {
namespace {

constexpr MDB_dbi kFreePages = 0;  // LMDB's own tree of them.

std::string copy_of(const std::filesystem::path& file) {
  return file.string() + "-compact";
}

/// What was renamed stays so after a crash of the machine.
void flush_folder(const std::filesystem::path& folder) {
  const FileDescriptor opened(folder.empty() ? "." : folder.string(), O_RDONLY | O_DIRECTORY);
  if (!opened.is_open()) check_lmdb(errno, "open");
  check_lmdb(::fsync(opened.get()) == 0 ? 0 : errno, "fsync");
}

void write_copy(MDB_env* environment, const std::string& copy) {
  const FileDescriptor file(copy, O_RDWR | O_CREAT | O_TRUNC);
  if (!file.is_open()) check_lmdb(errno, "open");
  check_lmdb(mdb_env_copyfd2(environment, file.get(), MDB_CP_COMPACT), "mdb_env_copyfd2");
  check_lmdb(::fsync(file.get()) == 0 ? 0 : errno, "fsync");
}

CommitId newest_commit(MDB_env* environment) {
  MDB_envinfo info;
  check_lmdb(mdb_env_info(environment, &info), "mdb_env_info");
  return CommitId(info.me_last_txnid);
}

/// Of a file that nobody else has open.
CommitId newest_commit_in(const std::string& file) {
  MDB_env* opened = nullptr;
  check_lmdb(mdb_env_create(&opened), "mdb_env_create");
  const std::unique_ptr<MDB_env, decltype(&mdb_env_close)> closed(opened, mdb_env_close);
  constexpr unsigned kFlags = MDB_NOSUBDIR | MDB_NOLOCK | MDB_RDONLY;
  check_lmdb(mdb_env_open(opened, file.c_str(), kFlags, 0), "mdb_env_open");
  return newest_commit(opened);
}

}  // namespace

FileUsage measure_usage(MDB_env* environment) {
  MDB_txn* transaction = nullptr;
  check_lmdb(mdb_txn_begin(environment, nullptr, MDB_RDONLY, &transaction), "mdb_txn_begin");
  const std::unique_ptr<MDB_txn, decltype(&mdb_txn_abort)> ended(transaction, mdb_txn_abort);
  MDB_stat statistics;
  check_lmdb(mdb_stat(transaction, kFreePages, &statistics), "mdb_stat");
  MDB_cursor* opened = nullptr;
  check_lmdb(mdb_cursor_open(transaction, kFreePages, &opened), "mdb_cursor_open");
  const std::unique_ptr<MDB_cursor, decltype(&mdb_cursor_close)> cursor(opened, mdb_cursor_close);

  // Each record is a list of pages, behind their number.
  std::uint64_t free_pages = 0;
  MDB_val key;
  MDB_val pages;
  int code = mdb_cursor_get(cursor.get(), &key, &pages, MDB_FIRST);
  for (; code == MDB_SUCCESS; code = mdb_cursor_get(cursor.get(), &key, &pages, MDB_NEXT)) {
    std::size_t count = 0;
    if (pages.mv_size < sizeof(count)) check_lmdb(MDB_CORRUPTED, "mdb_cursor_get");
    std::memcpy(&count, pages.mv_data, sizeof(count));
    free_pages += count;
  }
  if (code != MDB_NOTFOUND) check_lmdb(code, "mdb_cursor_get");

  MDB_envinfo info;
  check_lmdb(mdb_env_info(environment, &info), "mdb_env_info");
  const std::uint64_t all_pages = info.me_last_pgno + 1;
  if (free_pages > all_pages) check_lmdb(MDB_CORRUPTED, "mdb_cursor_get");
  return {.total_bytes = all_pages * statistics.ms_psize,
          .used_bytes = (all_pages - free_pages) * statistics.ms_psize};
}

Compaction replace_by_compacted(MDB_env* environment, const std::filesystem::path& file) {
  const std::string copy = copy_of(file);
  Compaction done;
  try {
    write_copy(environment, copy);
    done = {.before = newest_commit(environment), .after = newest_commit_in(copy)};
    check_lmdb(std::rename(copy.c_str(), file.c_str()) == 0 ? 0 : errno, "rename");
  } catch (...) {
    remove_unfinished_copy(file);
    throw;
  }
  flush_folder(file.parent_path());
  return done;
}

void remove_unfinished_copy(const std::filesystem::path& file) {
  std::error_code ignored;  // What cannot be removed does no harm, and is tried again.
  std::filesystem::remove(copy_of(file), ignored);
}

}  // namespace tombolo::store
