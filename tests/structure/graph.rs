//! Circles in a graph.

use std::collections::{BTreeMap, BTreeSet};

/// Which nodes each node leads to.
pub(crate) type Graph = BTreeMap<String, BTreeSet<String>>;

/// Every strongly connected component of more than one node, each sorted.
pub(crate) fn circles(graph: &Graph) -> Vec<Vec<String>> {
    let reachable: BTreeMap<&str, BTreeSet<&str>> =
        graph.keys().map(|node| (node.as_str(), reachable(graph, node))).collect();
    let leads = |from: &str, to: &str| reachable.get(from).is_some_and(|nodes| nodes.contains(to));
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for node in graph.keys() {
        if !seen.insert(node.as_str()) {
            continue;
        }
        let others = graph.keys().map(String::as_str).filter(|other| leads(node, other) && leads(other, node));
        let circle: BTreeSet<&str> = others.chain([node.as_str()]).collect();
        seen.extend(&circle);
        if circle.len() > 1 {
            found.push(circle.into_iter().map(str::to_owned).collect());
        }
    }
    found
}

/// Every node that `start` leads to, over any number of others.
fn reachable<'a>(graph: &'a Graph, start: &str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut open = vec![start];
    while let Some(node) = open.pop() {
        for next in graph.get(node).into_iter().flatten() {
            if found.insert(next.as_str()) {
                open.push(next);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Graph, circles};

    fn graph(edges: &[(&str, &str)]) -> Graph {
        let mut graph = Graph::new();
        for (from, to) in edges {
            graph.entry((*from).to_owned()).or_default().insert((*to).to_owned());
            graph.entry((*to).to_owned()).or_default();
        }
        graph
    }

    #[test]
    fn circles_are_found() {
        let cases: [(&[_], &[&[&str]]); 5] = [
            (&[("a", "b"), ("b", "c"), ("a", "c")], &[]),
            (&[("a", "a")], &[]),
            (&[("a", "b"), ("b", "a"), ("b", "c")], &[&["a", "b"]]),
            (&[("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")], &[&["a", "b", "c"]]),
            (&[("a", "b"), ("b", "a"), ("b", "c"), ("c", "d"), ("d", "c")], &[&["a", "b"], &["c", "d"]]),
        ];
        for (edges, expected) in cases {
            assert_eq!(circles(&graph(edges)), *expected, "{edges:?}");
        }
    }
}
