"""Average precision, ROC area and precision-recall curves by scikit-learn: JSON in, JSON out."""

import json
import sys

import numpy
import sklearn
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

given = json.load(sys.stdin)
labels = numpy.array(given["labels"])
probabilities = numpy.array(given["probabilities"]).reshape(len(labels), given["classes"])

classes = []
for label in range(given["classes"]):
    own, scores = labels == label, probabilities[:, label]
    precision, recall, thresholds = precision_recall_curve(own, scores)
    classes.append(
        {
            "averagePrecision": average_precision_score(own, scores),
            "rocAuc": roc_auc_score(own, scores),
            "thresholds": thresholds.tolist(),
            "precision": precision.tolist(),
            "recall": recall.tolist(),
        }
    )
json.dump({"version": sklearn.__version__, "classes": classes}, sys.stdout)
