#pragma once

/// Everything of the C++ SDK.

#include "tombolo/model.h"
#include "tombolo/predicate.h"
#include "tombolo/realm.h"
#include "tombolo/results.h"
