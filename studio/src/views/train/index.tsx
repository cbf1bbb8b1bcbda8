import { Empty } from '../../components/empty.tsx';

export default function View() {
  return <Empty icon="train" title="Train is not here yet" />;
}
