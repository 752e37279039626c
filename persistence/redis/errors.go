package redis

import "errors"

// ErrURL is returned for a URL that names no Redis.
var ErrURL = errors.New("REDIS_URL cannot be used; give one such as redis://:password@host:6379/0?prefix=paceboard: (rediss:// for TLS)")
