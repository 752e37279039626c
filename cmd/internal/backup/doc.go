// Package backup writes and reads backups of the embedded store: a folder, or a tar of
// one, with the files of a checkpoint and a manifest that names each with its size and
// hash, and how far each competition's journal goes.
//
//	BACKUPS/20261127T061500.000Z/   one backup, complete once it has this name
//	    manifest.json
//	    pebble/…, witness           a data folder, as package embedded has it
//
// Tables never change, so a table that the backup before has as well is a hard link to
// that. A file is trusted only if its hash is the manifest's. The package knows nothing of
// what is in the files; how a data folder is made of them is embedded's. Reading starts at
// [WriteFolder] and [Open].
package backup
