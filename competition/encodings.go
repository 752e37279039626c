package competition

import (
	"sync"
	"sync/atomic"
)

// Encodings keeps what readers made of something that never changes, so that each
// is made once for all of them. The zero value is empty. Safe for concurrent use.
type Encodings struct {
	mu   sync.Mutex // held while one is made
	made atomic.Pointer[madeEncoding]
}

// madeEncoding is one of a list, the latest first.
type madeEncoding struct {
	kept any // a *keptEncoding of some types
	next *madeEncoding
}

type keptEncoding[K comparable, V any] struct {
	key   K
	value V
}

// Encoded returns what makeIt returned for the key, the first time anybody asked.
// Keys of different types are different, so a type of key stands for one use. A
// value that is there is found without a lock or an allocation. Cost: linear in the
// values.
func Encoded[K comparable, V any](e *Encodings, key K, makeIt func() V) V {
	if kept := findEncoding[K, V](e, key); kept != nil {
		return kept.value
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	kept := findEncoding[K, V](e, key)
	if kept == nil {
		kept = &keptEncoding[K, V]{key, makeIt()}
		e.made.Store(&madeEncoding{kept, e.made.Load()})
	}
	return kept.value
}

func findEncoding[K comparable, V any](e *Encodings, key K) *keptEncoding[K, V] {
	for made := e.made.Load(); made != nil; made = made.next {
		if kept, ok := made.kept.(*keptEncoding[K, V]); ok && kept.key == key {
			return kept
		}
	}
	return nil
}
