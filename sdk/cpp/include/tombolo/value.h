#pragma once

#include "base/bytes.h"
#include "store/value.h"
#include "value/decimal128.h"
#include "value/object_id.h"
#include "value/timestamp.h"
#include "value/uuid.h"

/// The values of properties. `Value` is one of unknown type: null, a scalar or a link, where texts
/// and binaries are views of the realm's memory that last until the next write or refresh.

namespace tombolo {

using store::ObjectKey;
using store::Value;
using store::ValueType;

/// Names a class and a property of one realm; what names are looked up as, once.
using store::ClassId;
using store::PropertyId;

/// The content of a binary property.
using Binary = Bytes;

}  // namespace tombolo
