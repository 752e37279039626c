// Package archive keeps the journals of the embedded store a second time, in a folder
// elsewhere or in an S3-compatible store, so that a data folder can be restored as it was
// at any time: the latest backup before, and what the archive has after it.
//
// An archive holds
//
//	archive.json            its id
//	head.json               the last segment, and until when the archive is complete
//	segments/000000000042.seg
//	                        segments, numbered from 1 without a gap
//
// A segment never changes once it is there. It holds parts of journals, of several
// competitions, with the identity rows that their events commit to; its checksum, that of
// the segment before it, and its number. segment.go has the format.
//
// # Lost futures
//
// A data folder that was restored goes on from a state in the past, and the archive has
// what came after that as well. So before anything else, the server tells the archive
// where each journal was restored to: segments that begin a new history. What came after
// those places stays in the archive, and belongs to no later history. Parts are tied to
// those before them by the hash chain of the journal, so that parts of two histories are
// never joined.
//
// Invariants:
//
//	A1  a segment is never overwritten: of two servers that write to one archive, one is
//	    refused
//	A2  head.json names a time T only when all that was acknowledged before T is in segments
//	A3  what a plan joins is one history, without a gap, or there is an error
//
// [Shipper] writes, from a view of the store that it takes anew for each segment: it holds
// one segment in memory and the names of the journals that have grown, whatever the
// backlog. Nobody waits for it. [ReadPlan] reads. Reading the code starts there.
package archive
