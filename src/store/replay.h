#pragma once

#include <cstddef>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "store/realm_reader.h"
#include "store/realm_writer.h"

namespace tombolo::store {

/// Repeats changesets that were made in one file on a fresh copy of what others have, which may
/// differ from what the changesets were made on, and writes down what it did as new changesets.
///
///     instruction                    on the fresh copy
///     ----------------------------   ------------------------------------------------------
///     AddTable, AddColumn            adds; what is there must be the same, and is told again
///     EraseTable, EraseColumn        fails
///     CreateObject                   creates; one that is there is told again
///     EraseObject                    erases, if it is there
///     on an object that is gone      left out
///     Update of a property           writes; a link to an object that is gone becomes null
///     AddInteger                     adds, unless the value is no integer
///     SetInsert, SetErase            repeated; with a link to an object that is gone left out
///     Clear                          clears; all positions of a list are known from then on
///     ArrayInsert                    inserts at its position or the end; a link to an object
///                                    that is gone is left out
///     Update, ArrayErase, ArrayMove  at the element that an insertion of this replay made;
///     of an element, anything        for any other the whole list becomes what it is in the
///     inside of one                  local file
///     inside of an embedded object,  left out where the copy holds something else there
///     a nested list or dictionary
///     anything that does not fit     fails
///
/// Thread:  that of the transactions.
/// Source:  docs/client-reset.md, "Recovery".
class Replay {
 public:
  /// `copy` is written to; `local` is the file that the changesets were made in, with all of them.
  Replay(RealmWriter& copy, const RealmReader& local);
  ~Replay();
  Replay(const Replay&) = delete;
  Replay& operator=(const Replay&) = delete;

  /// Adds the classes and properties that only the local file has.
  ///
  /// Errors:  `kSchemaMismatch` for what both have in different forms.
  [[nodiscard]] Result<void> add_local_schema();

  /// Repeats one changeset.
  ///
  /// Errors:  `kClientReset` for an instruction that cannot be repeated, `kBadChangeset` for bytes
  ///          that are no changeset; the message says which. The copy may then be half changed.
  [[nodiscard]] Result<void> repeat(BytesView changeset);

  /// What was done since the last call, as a changeset.
  [[nodiscard]] Bytes take();

  /// Instructions that had to be left out so far.
  [[nodiscard]] std::size_t left_out() const noexcept;

 private:
  class Machine;
  std::unique_ptr<Machine> machine_;
};

}  // namespace tombolo::store
