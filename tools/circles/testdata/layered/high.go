package layered

var four = double(newRow(2))
