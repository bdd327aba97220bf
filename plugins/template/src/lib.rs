//! Adds one response header: the smallest real plugin, copied by make new-plugin.
