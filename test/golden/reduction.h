#pragma once

#include <set>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "changeset/changeset.h"

namespace tombolo::test {

/// Takes out of changesets and states what an implementation has not got yet, so that the rest of a
/// reference vector can be tried on it. It learns from the schema instructions that it is shown.
class Reduction {
 public:
  /// Notes the classes and properties of kinds that the store has not got.
  void learn(const changeset::Changeset& changeset);

  /// Whether an instruction is about any of them.
  [[nodiscard]] bool touches(const changeset::Changeset& changeset) const;
  /// The changeset without these instructions.
  [[nodiscard]] Bytes reduce(changeset::Changeset changeset) const;
  /// The state and the schema of a vector without them.
  [[nodiscard]] nlohmann::json reduce_state(nlohmann::json state) const;
  [[nodiscard]] nlohmann::json reduce_schema(nlohmann::json schema) const;

 private:
  [[nodiscard]] bool is_about(const changeset::Changeset& changeset,
                              const changeset::Instruction& instruction) const;

  std::set<std::string> classes_;
  std::set<std::pair<std::string, std::string>> properties_;
};

}  // namespace tombolo::test
