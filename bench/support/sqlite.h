#pragma once

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>

#include <sqlite3.h>

#include "test/support/temporary_directory.h"

/// SQLite as a peer: a file with a write-ahead log and synchronous=full, and prepared statements.
namespace tombolo::bench {

inline void check_sqlite(int code, sqlite3* database) {
  if (code != SQLITE_OK && code != SQLITE_ROW && code != SQLITE_DONE) {
    throw std::runtime_error(std::string("SQLite: ") + sqlite3_errmsg(database));
  }
}

class Statement {
 public:
  Statement(sqlite3* database, const char* text) : database_(database) {
    check_sqlite(sqlite3_prepare_v2(database, text, -1, &statement_, nullptr), database);
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(int at, std::int64_t value) {
    check_sqlite(sqlite3_bind_int64(statement_, at, value), database_);
    return *this;
  }
  Statement& bind(int at, double value) {
    check_sqlite(sqlite3_bind_double(statement_, at, value), database_);
    return *this;
  }
  Statement& bind(int at, const std::string& value) {
    check_sqlite(sqlite3_bind_text(
                     statement_, at, value.data(), static_cast<int>(value.size()), SQLITE_STATIC),
                 database_);
    return *this;
  }
  [[nodiscard]] bool step() {
    const int code = sqlite3_step(statement_);
    check_sqlite(code, database_);
    return code == SQLITE_ROW;
  }
  void run() {
    while (step()) {
    }
    reset();
  }
  void reset() { check_sqlite(sqlite3_reset(statement_), database_); }
  [[nodiscard]] std::int64_t integer(int column) {
    return sqlite3_column_int64(statement_, column);
  }
  [[nodiscard]] double real(int column) { return sqlite3_column_double(statement_, column); }

 private:
  sqlite3* database_;
  sqlite3_stmt* statement_ = nullptr;
};

class SqliteDatabase {
 public:
  SqliteDatabase() {
    check_sqlite(sqlite3_open(directory_.file("sqlite").c_str(), &database_), database_);
    run("PRAGMA journal_mode=WAL");
    run("PRAGMA synchronous=FULL");
  }
  ~SqliteDatabase() { sqlite3_close(database_); }
  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;

  void run(const char* text) { Statement(database_, text).run(); }
  [[nodiscard]] Statement prepare(const char* text) { return {database_, text}; }
  [[nodiscard]] std::uintmax_t file_bytes() {
    run("PRAGMA wal_checkpoint(TRUNCATE)");
    return std::filesystem::file_size(directory_.file("sqlite"));
  }

 private:
  test::TemporaryDirectory directory_;
  sqlite3* database_ = nullptr;
};

}  // namespace tombolo::bench
