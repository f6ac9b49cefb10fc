#pragma once

#include <span>

#include "merge/edit.h"

namespace tombolo::merge {

/// Merges the insertions of both sides between two neighbours of a list that neither erases, with
/// the outcome of letting them meet pair by pair. Their indexes count from the left neighbour.
///
/// Of a pair the earlier comes first if nothing that was there before both lies between them; else
/// what lies between decides. So the place of a local element x among the incoming ones is found by
/// asking those, between the local neighbours that x had, in the order of their insertion: the
/// oldest is compared with x by key, and everything on its other side is out of the question.
///
///     incoming, in list order   e  a  d  b  f  c        a was inserted first, then b, c, d ...
///     x is later than a:              d  b  f  c        ask the oldest of these, b
///     x is earlier than b:            d                 ask d, and so on
///
/// Shape:   all are ArrayInsert, in history order, none discarded; each index is at most the number
///          of those before it on its side.
/// Cost:    for n local and m incoming ones, (n + m) log(n + m) and a logarithm for each question.
///          Random places take about log m questions each, appending about one. The worst case, all
///          local ones inserted at the front and later than all incoming ones, which were appended,
///          takes n * m.
void merge_gap(std::span<Edit* const> local, std::span<Edit* const> incoming);

}  // namespace tombolo::merge
