//! Limits requests per client with token buckets shared by all workers of a proxy.
