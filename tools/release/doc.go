// Command release builds what is published of a version: for each platform an archive
// with the program and what operators need beside it, its bill of materials, and the
// checksums of all. From the folder tools:
//
//	go run ./release -out ../dist
//
// The version is that of the tag at the commit, or otherwise says how far from which
// tag it is. The same commit, built by the same version of Go, gives the same bytes on
// every machine and in every folder: times are that of the commit, names are sorted,
// and nothing of the machine goes in. Files that are not committed are refused, since
// nobody could build them again.
package main
