#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "changeset/byte_cursor.h"
#include "changeset/instruction.h"
#include "changeset/string_lookup.h"

namespace tombolo::changeset {

/// Reads a changeset one instruction at a time, without building a `Changeset`. Nothing is copied:
/// names and texts view the input, which must outlive what they are used for. `reset` keeps the
/// buffers, so a reader that is used again allocates nothing.
///
///     ChangesetReader reader(bytes);
///     while (const Instruction* instruction = reader.next().value()) apply(*instruction);
///
/// Thread:  one thread at a time.
/// Source:  docs/changeset-format.md.
class ChangesetReader {
 public:
  ChangesetReader() = default;
  explicit ChangesetReader(BytesView bytes) { reset(bytes); }

  /// Starts over with other bytes.
  void reset(BytesView bytes);
  /// The same when the bytes read before are still there: names with which both begin are not read
  /// again. The changesets of one application have much the same.
  void reset_after_similar(BytesView bytes);
  /// How many names, from the first, `reset_after_similar` took over from the bytes before.
  [[nodiscard]] std::size_t same_name_count() const noexcept { return same_name_count_; }

  /// The next instruction, or null at the end. It and its path last until the next call.
  ///
  /// Errors:  `kBadChangeset`; the message names what is wrong and the byte offset. The reader
  ///          stays failed until `reset`.
  [[nodiscard]] Result<const Instruction*> next();

  /// Like `next`, but passes over what follows the address without decoding it: of the instruction
  /// only `opcode`, `table`, `object`, `field` and `path` hold. Values are not checked beyond their
  /// bounds.
  [[nodiscard]] Result<const Instruction*> next_address();
  /// `next_address` for loops in which every nanosecond counts: null at the end and on failure,
  /// which `status` tells apart.
  [[nodiscard]] const Instruction* skim();
  /// Errors: as `next`.
  [[nodiscard]] Result<void> status() const;
  /// The whole of the instruction whose address `next_address` or `skim` gave last.
  [[nodiscard]] Result<const Instruction*> complete();
  /// Where the first instruction begins: what comes before defines names.
  [[nodiscard]] std::size_t leading_bytes() const noexcept { return leading_bytes_; }
  /// Where the instruction that was given last begins, behind names that are defined before it, and
  /// where it ends.
  [[nodiscard]] std::size_t instruction_begin() const noexcept { return start_; }
  [[nodiscard]] std::size_t instruction_end() const noexcept { return cursor_.offset(); }

  /// The whole instruction that begins at `begin` of bytes that were read to their end before and
  /// define `name_count` names, or null on failure, which `status` explains. The names themselves
  /// are not at hand then.
  [[nodiscard]] const Instruction* read_at(BytesView bytes,
                                           std::size_t begin,
                                           std::size_t name_count);

  /// The names defined so far. Indexes that an instruction holds are always among them.
  [[nodiscard]] std::span<const std::string_view> strings() const noexcept { return strings_; }
  [[nodiscard]] std::string_view string(StringIndex index) const { return strings_[index.value()]; }
  /// The path of the instruction that `next` gave last.
  [[nodiscard]] std::span<const PathElement> path(const Instruction& instruction) const {
    return std::span(path_elements_).subspan(instruction.path.offset, instruction.path.count);
  }

 private:
  [[nodiscard]] bool begin_next();
  [[nodiscard]] Error failure() const;
  [[nodiscard]] Result<const Instruction*> checked(const Instruction* instruction) const;
  void read_address(Opcode opcode);
  void read_content();
  void skip_content();
  void skip_payload();
  [[gnu::noinline]] void define_string();
  [[nodiscard]] StringIndex read_string_index();
  [[nodiscard]] std::string_view read_text(std::size_t bytes_max, bool must_be_utf8);
  [[nodiscard]] bool read_bool();
  [[nodiscard]] PayloadType read_payload_type();
  [[nodiscard]] CollectionType read_collection_type();
  [[nodiscard]] PrimaryKey read_primary_key();
  [[nodiscard]] PathRange read_path();
  [[nodiscard]] bool path_ends_in_index() const noexcept;
  [[nodiscard]] Payload read_payload();
  [[nodiscard]] Timestamp read_timestamp();
  [[nodiscard]] Decimal128 read_decimal();
  [[nodiscard]] TableSpec read_table_spec();
  [[nodiscard]] ColumnSpec read_column_spec();

  BytesView bytes_;
  ByteCursor cursor_;
  std::size_t start_ = 0;  ///< Of the current instruction.
  std::size_t content_start_ = 0;
  std::vector<std::string_view> strings_;
  std::size_t name_count_ = 0;  ///< That of `strings_`, but for `read_at`.
  StringLookup lookup_;
  std::size_t leading_bytes_ = 0;  ///< What comes before the first instruction: names alone.
  std::size_t leading_names_ = 0;
  std::size_t same_name_count_ = 0;
  std::vector<PathElement> path_elements_;  ///< Of the current instruction.
  Instruction instruction_;
};

}  // namespace tombolo::changeset
