#pragma once

#include "conformance/model/anatomy.hpp"
