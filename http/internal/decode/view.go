package decode

import "unsafe"

// View is b as a string, without a copy: for looking something up or checking
// it, while b stays as it is. It must never be kept.
func View(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b)) //nolint:gosec // G103: saves an allocation on every request; never kept.
}
