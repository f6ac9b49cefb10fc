#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "changeset/instruction.h"
#include "changeset/output_buffer.h"
#include "changeset/string_lookup.h"

namespace tombolo::changeset {

/// The place inside an object that a path instruction addresses.
struct Place {
  StringIndex table;
  PrimaryKey object;
  StringIndex field;
  std::span<const PathElement> path = {};  ///< Empty for the property itself.
};

struct UpdateOptions {
  bool is_default = false;  ///< A schema's default, written at creation: loses to other writes.
};

/// Where an element goes: removed at the end of the path, it is inserted so that it ends at `to`.
struct ElementMove {
  std::uint32_t to = 0;
  std::uint32_t prior_size = 0;
};

/// Writes a changeset as its instructions come up, straight into its binary form. A name is defined
/// where it is first interned; callers keep the index of what they use often (class and property
/// names) for as long as the changeset lasts. A writer that is reset allocates nothing until it
/// outgrows its buffers.
///
///     writer = name* instruction, in any order; a name before its first use
///
/// Every index that an instruction holds must come from `intern` since the last `reset`; that, and
/// that texts are within limits.h, is asserted.
///
/// Thread:  one thread at a time.
/// Source:  docs/changeset-format.md.
class ChangesetWriter {
 public:
  /// The index of `text`, defining it when it is new.
  [[nodiscard]] StringIndex intern(std::string_view text);

  void add_table(StringIndex table, const TableSpec& spec);
  void erase_table(StringIndex table);
  void add_column(StringIndex table, StringIndex field, const ColumnSpec& spec);
  void erase_column(StringIndex table, StringIndex field);
  void create_object(StringIndex table, const PrimaryKey& object);
  void erase_object(StringIndex table, const PrimaryKey& object);
  /// Writes a property, a dictionary key or a property of an embedded object.
  void update(const Place& place, const Payload& value, UpdateOptions options = {});
  /// Writes the list element at the end of the path; `size` is that of the list.
  void update_element(const Place& place, const Payload& value, std::uint32_t size);
  void add_integer(const Place& place, std::int64_t operand);
  void array_insert(const Place& place, const Payload& value, std::uint32_t prior_size);
  void array_move(const Place& place, ElementMove move);
  void array_erase(const Place& place, std::uint32_t prior_size);
  void clear(const Place& place, CollectionType collection);
  void set_insert(const Place& place, const Payload& value);
  void set_erase(const Place& place, const Payload& value);

  /// The same for an instruction of any kind whose path is `path`; `instruction.path` is not used.
  void append(const Instruction& instruction, std::span<const PathElement> path);

  /// Instructions as they stand in a changeset whose names are numbered as they are here. However
  /// many they are, they count as one.
  void append_encoded(BytesView instructions);
  /// The definitions of the next `count` names as they stand in another changeset. They are known
  /// by their numbers alone: `intern` must not be called any more.
  void append_names(BytesView definitions, std::size_t count);

  [[nodiscard]] std::size_t instruction_count() const noexcept { return instruction_count_; }
  /// The changeset so far; valid until the next call that writes. Names alone make no changeset:
  /// without an instruction it is empty.
  [[nodiscard]] BytesView bytes() const noexcept;
  /// Starts a new changeset and keeps the memory.
  void reset() noexcept;

 private:
  struct Name {
    std::size_t offset;
    std::size_t bytes;
  };

  [[nodiscard]] std::string_view name(StringIndex index) const;
  /// Room for `bytes` more; returns where they go. `finish` says how far they went.
  [[nodiscard]] std::uint8_t* reserve(std::size_t bytes);
  void finish(const std::uint8_t* end) noexcept;
  void append_bytes(BytesView bytes);
  [[nodiscard]] std::uint8_t* begin_instruction(Opcode opcode,
                                                StringIndex table,
                                                std::size_t more_bytes = 0);
  [[nodiscard]] std::uint8_t* begin_path_instruction(Opcode opcode,
                                                     const Place& place,
                                                     std::size_t more_bytes = 0);
  void end_instruction(const std::uint8_t* end) noexcept;
  [[nodiscard]] std::uint8_t* write_string_index(std::uint8_t* out, StringIndex index) const;
  [[nodiscard]] std::uint8_t* write_primary_key(std::uint8_t* out, const PrimaryKey& key) const;
  [[nodiscard]] std::uint8_t* write_payload(std::uint8_t* out, const Payload& value) const;

  OutputBuffer buffer_;  ///< As large as it ever was; `size_` bytes are in use.
  std::size_t size_ = 0;
  std::size_t instruction_count_ = 0;
  std::size_t name_count_ = 0;
  std::vector<Name> names_;  ///< But for those of `append_names`.
  StringLookup lookup_;
};

}  // namespace tombolo::changeset
